// Outlines of regions: boxes and polygons that are moved, resized and kept inside the frame.

const SMALLEST = 8;

/** A box of at least the smallest size, moved into the frame. @param {number[]} box @param {{width: number, height: number}} frame */
export function boxInFrame(box, frame) {
  const [top, left, height, width] = box, { height: H, width: W } = frame;
  const [h, w] = [Math.min(H, Math.max(SMALLEST, Math.round(height))), Math.min(W, Math.max(SMALLEST, Math.round(width)))];
  return [Math.min(H - h, Math.max(0, Math.round(top))), Math.min(W - w, Math.max(0, Math.round(left))), h, w];
}

/** The box around corners. @param {number[][]} corners */
export function boxAround(corners) {
  const [rows, cols] = [corners.map(([row]) => row), corners.map(([, col]) => col)];
  const [top, left] = [Math.min(...rows), Math.min(...cols)];
  return [top, left, Math.max(...rows) - top, Math.max(...cols) - left];
}

/** A corner inside the frame. @param {number[]} corner @param {{width: number, height: number}} frame */
export function cornerInFrame([row, col], frame) {
  return [Math.min(frame.height, Math.max(0, Math.round(row))), Math.min(frame.width, Math.max(0, Math.round(col)))];
}

/** The outline of a region, moved as far as the frame allows. @param {any} outline @param {number} down @param {number} right @param {any} frame */
export function movedBy(outline, down, right, frame) {
  const { box, polygon } = outline;
  const moved = boxInFrame([box[0] + down, box[1] + right, box[2], box[3]], frame);
  if (!polygon) return { box: moved };
  const [rows, cols] = [moved[0] - box[0], moved[1] - box[1]];
  return ofCorners(polygon.map(([row, col]) => cornerInFrame([row + rows, col + cols], frame)));
}

/** The outline of a region in another box. @param {any} outline @param {number[]} box @param {any} frame */
export function resizedTo(outline, box, frame) {
  const target = boxInFrame(box, frame), { box: before, polygon } = outline;
  if (!polygon) return { box: target };
  const place = (corner, i) => target[i] + ((corner[i] - before[i]) * target[i + 2]) / before[i + 2];
  return ofCorners(polygon.map((corner) => cornerInFrame([place(corner, 0), place(corner, 1)], frame)));
}

/** The outline with one corner at another place. @param {any} outline @param {number} index @param {number[]} place @param {any} frame */
export function withCorner(outline, index, place, frame) {
  return ofCorners(outline.polygon.map((corner, i) => (i === index ? cornerInFrame(place, frame) : corner)));
}

/** The outline of a polygon. @param {number[][]} polygon */
export function ofCorners(polygon) {
  return { box: boxAround(polygon), polygon };
}

/** Whether corners make a polygon that holds pixels. @param {number[][]} corners */
export function hasArea(corners) {
  const [, , height, width] = boxAround(corners);
  let area = 0;
  corners.forEach(([row, col], i) => {
    const [nextRow, nextCol] = corners[(i + 1) % corners.length];
    area += row * nextCol - nextRow * col;
  });
  return corners.length >= 3 && Math.min(height, width) >= SMALLEST / 2 && Math.abs(area) >= SMALLEST;
}

/** Positions of the handles of a region: the four corners of a box, or those of a polygon. @param {any} region */
export function handlesOf(region) {
  const [y, x, h, w] = region.box;
  return region.polygon ?? [[y, x], [y, x + w], [y + h, x], [y + h, x + w]];
}
