// Frames (n, h, w, 3) of type FRAME with largest value `top`. One thread per pixel of the output.

__device__ __forceinline__ FRAME clipped(float value, float top) {
    return top > 0.0f ? (FRAME)fminf(fmaxf(rintf(value), 0.0f), top) : (FRAME)value;
}

extern "C" __global__ void weigh_channels(const FRAME* frames, const float* weights, float* out, long long n) {
    long long i = sample();
    if (i >= n) return;
    const FRAME* pixel = frames + 3 * i;
    out[i] = weights[0] * pixel[0] + weights[1] * pixel[1] + weights[2] * pixel[2];
}

extern "C" __global__ void split_channels(const FRAME* frames, float* out, int count, long long plane) {
    long long i = sample();
    if (i >= plane) return;
    for (long long t = blockIdx.y; t < count; t += gridDim.y)
        for (int p = 0; p < 3; p++) out[(3 * t + p) * plane + i] = (float)frames[3 * (t * plane + i) + p];
}

extern "C" __global__ void split_and_reduce(const FRAME* frames, float* out, int images, int h, int w) {
    int c = COLUMN, r = ROW, height = (h + 1) / 2, width = (w + 1) / 2;
    if (c >= width || r >= height) return;
    for (long long n = blockIdx.z; n < images; n += gridDim.z) {
        float total[3] = {0.0f, 0.0f, 0.0f};
        for (int i = -2; i <= 2; i++) {
            const FRAME* row = frames + (n * h + mirrored(2 * r + i, h)) * w * 3;
            float across[3] = {0.0f, 0.0f, 0.0f};
            for (int j = -2; j <= 2; j++)
                for (int p = 0; p < 3; p++) across[p] += binomial(j) * row[3 * mirrored(2 * c + j, w) + p];
            for (int p = 0; p < 3; p++) total[p] += binomial(i) * across[p];
        }
        for (int p = 0; p < 3; p++) out[((3 * n + p) * height + r) * width + c] = total[p];
    }
}

extern "C" __global__ void add_clipped(
    const FRAME* frames, const float* change, float top, FRAME* out, int channels, long long n) {
    long long i = sample();  // index of one of the n values of the change, which is added to one or several channels
    if (i >= n) return;
    for (int p = 0; p < channels; p++) out[channels * i + p] = clipped(frames[channels * i + p] + change[i], top);
}

extern "C" __global__ void add_planes(
    const FRAME* frames, const float* planes, int fine, const float* coarse, const float* matrix, float top, FRAME* out,
    int images, int h, int w, int height, int width) {
    int c = COLUMN, r = ROW;  // The coarse planes (height, width) are expanded to (h, w); the fine ones are optional.
    if (c >= w || r >= h) return;
    for (long long n = blockIdx.z; n < images; n += gridDim.z) {
        float change[3];
        for (int p = 0; p < 3; p++) {
            change[p] = expanded(coarse + (3 * n + p) * height * width, r, c, h, w, width);
            if (fine) change[p] += planes[((3 * n + p) * h + r) * w + c];
        }
        long long i = 3 * ((n * h + r) * w + c);
        for (int p = 0; p < 3; p++) {
            const float* m = matrix + 3 * p;
            float more = m[0] * change[0] + m[1] * change[1] + m[2] * change[2];
            out[i + p] = clipped(frames[i + p] + more, top);
        }
    }
}
