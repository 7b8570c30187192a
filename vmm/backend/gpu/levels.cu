// Displacement in the levels of a pyramid: least squares in a Gaussian window, and cubic splines. Images have h rows
// and w columns, displacements every second sample: half_h rows and half_w columns.

#define PRODUCTS 10  // yy, yx, yv, yt, xx, xv, xt, vv, vt, tt of the slopes y and x, the value v and the change t

struct Taps {
    float outer, inner, slope;  // weights of the smoothing and of the difference

    __device__ __forceinline__ float smoothed(float before, float here, float after) const {
        return (before + after) * outer + here * inner;
    }
};

extern "C" __global__ void gradient_products(
    const float* x, const float* earlier, float outer, float inner, float slope, float* out, int parts, int planes,
    int images, int h, int w) {
    // Means over 2x2 samples of all products, or of all but the last. The first of the planes of each frame is luma; the
    // others are chroma, where 1 takes the place of the value, because an offset is unknown instead of the contrast.
    int c = COLUMN, r = ROW, half_h = (h + 1) / 2, half_w = (w + 1) / 2;
    if (c >= half_w || r >= half_h) return;
    Taps taps = {outer, inner, slope};
    int rows[4], cols[4];
    for (int i = 0; i < 4; i++) rows[i] = mirrored(2 * r + i - 1, h), cols[i] = mirrored(2 * c + i - 1, w);
    // An odd last row or column counts twice.
    float by_row = 2 * r + 1 < h ? 0.5f : 0.0f, by_col = 2 * c + 1 < w ? 0.5f : 0.0f;
    long long plane = (long long)half_h * half_w;
    for (long long n = blockIdx.z; n < images; n += gridDim.z) {
        const float *image = x + n * h * w, *other = earlier + n * h * w;
        float value[4][4], change[4][4], total[PRODUCTS] = {0.0f};
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 4; j++) {
                long long at = (long long)rows[i] * w + cols[j];
                value[i][j] = (image[at] + other[at]) * 0.5f;
                change[i][j] = image[at] - other[at];
            }
#pragma unroll
        for (int i = 0; i < 2; i++)
#pragma unroll
            for (int j = 0; j < 2; j++) {
                float down[3], across[3], change_across[3];
                for (int k = 0; k < 3; k++) {  // along each column
                    float a = value[i][j + k], b = value[i + 1][j + k], d = value[i + 2][j + k];
                    down[k] = slope * (d - a);
                    across[k] = taps.smoothed(a, b, d);
                    change_across[k] = taps.smoothed(change[i][j + k], change[i + 1][j + k], change[i + 2][j + k]);
                }
                float factor[4] = {
                    taps.smoothed(down[0], down[1], down[2]), slope * (across[2] - across[0]),
                    taps.smoothed(across[0], across[1], across[2]),
                    taps.smoothed(change_across[0], change_across[1], change_across[2])};
                if (n % planes) factor[2] = 1.0f;
                float weight = (i ? by_row : 1.0f - by_row) * (j ? by_col : 1.0f - by_col);
                int k = 0;
#pragma unroll
                for (int p = 0; p < 4; p++)
#pragma unroll
                    for (int q = p; q < 4; q++) total[k++] += weight * (factor[p] * factor[q]);
            }
#pragma unroll
        for (int k = 0; k < PRODUCTS; k++)
            if (k < parts) out[(n * parts + k) * plane + (long long)r * half_w + c] = total[k];
    }
}

struct Equations {  // normal equations of the displacement
    float yy, yx, xx, yt, xt, tt;

    __device__ __forceinline__ void add(const Equations& other, float weight) {
        yy += weight * other.yy;
        yx += weight * other.yx;
        xx += weight * other.xx;
        yt += weight * other.yt;
        xt += weight * other.xt;
        tt += weight * other.tt;
    }

    __device__ __forceinline__ float solve(float ridge, float tiny, float* down, float* right) const {  // the residual
        float more = ridge * (yy + xx) + tiny, scale = 1.0f / ((yy + more) * (xx + more) - yx * yx);
        *down = ((xx + more) * yt - yx * xt) * scale;
        *right = ((yy + more) * xt - yx * yt) * scale;
        return fmaxf(tt - *down * yt - *right * xt, 0.0f);
    }
};

__device__ __forceinline__ Equations blurred_equations(
    const float* column, const float* taps, int reach, int parts, float ridge, float tiny, int r, int height,
    long long row, long long plane) {  // the products, blurred down, without the change of contrast or the offset
    float m[PRODUCTS];
#pragma unroll
    for (int k = 0; k < PRODUCTS; k++) m[k] = k < parts ? taps[0] * column[k * plane + r * row] : 0.0f;
    for (int i = 1; i <= reach; i++) {
        const float *above = column + mirrored(r - i, height) * row, *below = column + mirrored(r + i, height) * row;
#pragma unroll
        for (int k = 0; k < PRODUCTS; k++)
            if (k < parts) m[k] += taps[i] * (above[k * plane] + below[k * plane]);
    }
    float per_vv = 1.0f / (m[7] + ridge * (m[0] + m[4]) + tiny), by_y = m[2] * per_vv, by_x = m[5] * per_vv;
    Equations result = {
        m[0] - m[2] * by_y, m[1] - m[5] * by_y, m[4] - m[5] * by_x, m[8] * by_y - m[3], m[8] * by_x - m[6],
        m[9] - m[8] * m[8] * per_vv};
    return result;
}

extern "C" __global__ void gradient_solution(
    const float* products, const float* taps, int reach, float ridge, float ridge_contrast, float tiny,
    float chroma_weight, float* out, int evidence, int parts, int planes, int images, int half_h, int half_w) {
    // From products that are blurred across.
    int c = COLUMN, r = ROW;
    if (c >= half_w || r >= half_h) return;
    long long plane = (long long)half_h * half_w;
    for (long long n = blockIdx.z; n < images; n += gridDim.z) {
        const float* column = products + n * planes * parts * plane + c;
        float down, right;
        Equations sum =
            blurred_equations(column, taps, reach, parts, ridge_contrast, tiny, r, half_h, half_w, plane);
        float residual = sum.solve(ridge, tiny, &down, &right);
        if (planes > 1) {
            Equations chroma = {0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
            for (int p = 1; p < planes; p++)
                chroma.add(
                    blurred_equations(
                        column + p * parts * plane, taps, reach, parts, 0.0f, 0.0f, r, half_h, half_w, plane),
                    1.0f);
            float noise = chroma.solve(ridge, tiny, &down, &right) / (planes - 1);
            sum.add(chroma, fminf(chroma_weight, (residual + tiny) / (noise + tiny)));
            sum.solve(ridge, tiny, &down, &right);
        }
        float* to = out + (evidence ? 6 : 2) * n * plane + (long long)r * half_w + c;
        to[0] = down;
        to[plane] = right;
        if (!evidence) continue;
        to[2 * plane] = sum.yy;
        to[3 * plane] = sum.yx;
        to[4 * plane] = sum.xx;
        to[5 * plane] = residual;
    }
}

struct Spline {  // samples of an axis around a point, mirrored at the border, and the weights of a cubic B-spline
    int at[4];
    float weight[4];

    __device__ __forceinline__ void around(int here, float shift, int n) {  // the point is at here + shift
        float first = floorf(shift), t = shift - first, s = 1.0f - t;
        for (int i = 0; i < 4; i++) at[i] = mirrored(here + (int)first + i - 1, n);
        weight[0] = s * s * s / 6.0f;
        weight[1] = 2.0f / 3.0f - t * t * (1.0f + s) * 0.5f;
        weight[2] = 2.0f / 3.0f - s * s * (1.0f + t) * 0.5f;
        weight[3] = t * t * t / 6.0f;
    }
};

extern "C" __global__ void displaced_level(
    const float* x, const float* splines, const float* displacement, const float* map, int mapped, float alpha,
    float per_limit, float* out, int parts, int images, int h, int w) {  // `parts` planes of each image move by the same displacement
    int c = COLUMN, r = ROW, half_h = (h + 1) / 2, half_w = (w + 1) / 2;
    if (c >= w || r >= h) return;
    long long plane = (long long)h * w, half_plane = (long long)half_h * half_w;
    float by = mapped ? map[(long long)r * w + c] : alpha;
    for (long long n = blockIdx.z; n < images; n += gridDim.z) {
        float d[2];
        for (int p = 0; p < 2; p++) d[p] = by * doubled(displacement + (2 * n + p) * half_plane, r, c, half_h, half_w);
        float fade = attenuation(d[0] * d[0] + d[1] * d[1], per_limit);
        Spline down, right;
        down.around(r, -d[0] * fade, h);
        right.around(c, -d[1] * fade, w);
        bool moves = d[0] * fade != 0.0f || d[1] * fade != 0.0f;
        for (int p = 0; p < parts; p++) {
            const float* image = splines + (n * parts + p) * plane;
            float total = 0.0f;
            for (int i = 0; i < 4; i++) {
                const float* row = image + (long long)down.at[i] * w;
                float across = 0.0f;
                for (int j = 0; j < 4; j++) across += right.weight[j] * row[right.at[j]];
                total += down.weight[i] * across;
            }
            long long at = (n * parts + p) * plane + (long long)r * w + c;
            out[at] = moves ? total : x[at];
        }
    }
}
