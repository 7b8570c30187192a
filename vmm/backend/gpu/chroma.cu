// Chroma of frames (n, h, w, 3) of type FRAME, of full or half the size. One thread per pixel of the output.

extern "C" __global__ void chroma_planes(
    const FRAME* frames, const float* matrix, int step, float* out, int planes, int images, int h, int w) {
    // Planes of means over step x step pixels; an odd last row or column is repeated.
    int c = COLUMN, r = ROW, height = (h + step - 1) / step, width = (w + step - 1) / step;
    if (c >= width || r >= height) return;
    long long plane = (long long)height * width, at = (long long)r * width + c;
    for (long long n = blockIdx.z; n < images; n += gridDim.z) {
        float total[3] = {0.0f, 0.0f, 0.0f};
        for (int i = 0; i < step; i++)
            for (int j = 0; j < step; j++) {
                const FRAME* pixel = frames + 3 * ((n * h + min(step * r + i, h - 1)) * w + min(step * c + j, w - 1));
                for (int p = 0; p < 3; p++) total[p] += (float)pixel[p];
            }
        float share = 1.0f / (step * step);
        for (int k = 0; k < planes; k++) {
            const float* m = matrix + 3 * k;
            out[(n * planes + k) * plane + at] = share * (m[0] * total[0] + m[1] * total[1] + m[2] * total[2]);
        }
    }
}

extern "C" __global__ void add_luma_and_chroma(
    const FRAME* frames, const float* luma, const float* chroma, const float* matrix, float top, FRAME* out, int images,
    int h, int w, int height, int width) {  // The chroma (height, width) has the size of the frames, or half of it.
    int c = COLUMN, r = ROW;
    if (c >= w || r >= h) return;
    bool is_half = height < h || width < w;
    for (long long n = blockIdx.z; n < images; n += gridDim.z) {
        float change[2];
        for (int k = 0; k < 2; k++) {
            const float* plane = chroma + (2 * n + k) * height * width;
            change[k] = is_half ? doubled(plane, r, c, height, width) : plane[(long long)r * width + c];
        }
        long long pixel = (n * h + r) * w + c, i = 3 * pixel;
        for (int p = 0; p < 3; p++) {
            float more = luma[pixel] + (matrix[2 * p] * change[0] + matrix[2 * p + 1] * change[1]);
            out[i + p] = clipped(frames[i + p] + more, top);
        }
    }
}
