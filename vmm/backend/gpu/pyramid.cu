// Pyramids and blur of images (n, h, w), mirrored at the border. One thread per pixel of the output.

#define COLUMN (int)(blockIdx.x * blockDim.x + threadIdx.x)
#define ROW (int)(blockIdx.y * blockDim.y + threadIdx.y)

__device__ __forceinline__ int mirrored(int i, int n) {
    if (n == 1) return 0;
    int period = 2 * n - 2;
    i %= period;
    i = i < 0 ? i + period : i;
    return i < n ? i : period - i;
}

__device__ __forceinline__ float binomial(int k) {  // tap k of the binomial filter of 5 taps, with the center at 0
    return k == 0 ? 0.375f : (k == 1 || k == -1 ? 0.25f : 0.0625f);
}

__device__ __forceinline__ float expanded(const float* x, int r, int c, int h, int w, int width) {
    float total = 0.0f;  // value at row r and column c of (h, w), interpolated from x, whose rows have `width` samples
    for (int i = -2; i <= 2; i++) {
        int row = mirrored(r + i, h);
        if (row & 1) continue;  // Odd samples of the upsampled image are zero.
        float across = 0.0f;
        for (int j = -2; j <= 2; j++) {
            int col = mirrored(c + j, w);
            if (!(col & 1)) across += 2.0f * binomial(j) * x[(long long)(row / 2) * width + col / 2];
        }
        total += 2.0f * binomial(i) * across;
    }
    return total;
}

__device__ __forceinline__ float doubled(const float* x, int r, int c, int height, int width) {
    // Value at row r and column c of twice the size, by linear interpolation between the centers of pairs of samples.
    int far_r = min(max(r & 1 ? r / 2 + 1 : r / 2 - 1, 0), height - 1);
    int far_c = min(max(c & 1 ? c / 2 + 1 : c / 2 - 1, 0), width - 1);
    const float *near = x + (long long)(r / 2) * width, *far = x + (long long)far_r * width;
    float here = 0.75f * near[c / 2] + 0.25f * far[c / 2], there = 0.75f * near[far_c] + 0.25f * far[far_c];
    return 0.75f * here + 0.25f * there;
}

extern "C" __global__ void reduce(const float* x, float* out, int images, int h, int w) {
    int c = COLUMN, r = ROW, height = (h + 1) / 2, width = (w + 1) / 2;
    if (c >= width || r >= height) return;
    for (long long n = blockIdx.z; n < images; n += gridDim.z) {
        float total = 0.0f;
        for (int i = -2; i <= 2; i++) {
            const float* row = x + (n * h + mirrored(2 * r + i, h)) * w;
            float across = 0.0f;
            for (int j = -2; j <= 2; j++) across += binomial(j) * row[mirrored(2 * c + j, w)];
            total += binomial(i) * across;
        }
        out[(n * height + r) * width + c] = total;
    }
}

extern "C" __global__ void expand(
    const float* x, const float* onto, float weight, float* out, int images, int h, int w, int height, int width) {
    int c = COLUMN, r = ROW;  // (height, width) is expanded to (h, w); with weight 0 nothing is added
    if (c >= w || r >= h) return;
    for (long long n = blockIdx.z; n < images; n += gridDim.z) {
        float value = expanded(x + n * height * width, r, c, h, w, width);
        long long i = (n * h + r) * w + c;
        out[i] = weight == 0.0f ? value : onto[i] + weight * value;
    }
}

extern "C" __global__ void riesz(
    const float* x, const float* along, const float* across, float* out, int images, int h, int w) {
    int c = COLUMN, r = ROW;
    if (c >= w || r >= h) return;
    for (long long n = blockIdx.z; n < images; n += gridDim.z) {
        float right = 0.0f, down = 0.0f;
        for (int i = 0; i < 3; i++) {
            const float* row = x + (n * h + mirrored(r + i - 1, h)) * w;
            float by_along = 0.0f, by_across = 0.0f;
            for (int j = 0; j < 3; j++) {
                float value = row[mirrored(c + j - 1, w)];
                by_along += along[j] * value;
                by_across += across[j] * value;
            }
            right += across[i] * by_along;
            down += along[i] * by_across;
        }
        long long i = (3 * n * h + r) * w + c, plane = (long long)h * w;
        out[i] = x[(n * h + r) * w + c];
        out[i + plane] = right;
        out[i + 2 * plane] = down;
    }
}

extern "C" __global__ void blur_across(
    const float* x, const float* taps, int reach, float* out, int images, int h, int w) {
    int c = COLUMN, r = ROW;  // taps of one side, beginning with the center
    if (c >= w || r >= h) return;
    for (long long n = blockIdx.z; n < images; n += gridDim.z) {
        const float* row = x + (n * h + r) * w;
        float total = taps[0] * row[c];
        for (int j = 1; j <= reach; j++) total += taps[j] * (row[mirrored(c - j, w)] + row[mirrored(c + j, w)]);
        out[(n * h + r) * w + c] = total;
    }
}

extern "C" __global__ void blur_down(
    const float* x, const float* taps, int reach, float* out, int images, int h, int w) {
    int c = COLUMN, r = ROW;
    if (c >= w || r >= h) return;
    for (long long n = blockIdx.z; n < images; n += gridDim.z) {
        const float* column = x + n * h * w + c;
        float total = taps[0] * column[(long long)r * w];
        for (int i = 1; i <= reach; i++)
            total += taps[i] * (column[(long long)mirrored(r - i, h) * w] + column[(long long)mirrored(r + i, h) * w]);
        out[(n * h + r) * w + c] = total;
    }
}

// Weighted blur of `parts` images with a common weight: horizontal sums (n, parts + 1, h, w), then ratios of vertical
// sums.

extern "C" __global__ void weigh_across(
    const float* x, const float* weight, const float* taps, int reach, float* sums, int parts, int images, int h,
    int w) {
    int c = COLUMN, r = ROW;
    if (c >= w || r >= h) return;
    long long plane = (long long)h * w;
    for (long long n = blockIdx.z; n < images; n += gridDim.z) {
        const float* by = weight + n * plane + (long long)r * w;
        for (int p = 0; p <= parts; p++) {
            const float* row = x + (n * parts + p) * plane + (long long)r * w;
            float total = 0.0f;
            for (int j = -reach; j <= reach; j++) {
                int at = mirrored(c + j, w);
                total += taps[j < 0 ? -j : j] * (p < parts ? by[at] * row[at] : by[at]);
            }
            sums[(n * (parts + 1) + p) * plane + (long long)r * w + c] = total;
        }
    }
}

extern "C" __global__ void weigh_down(
    const float* sums, const float* taps, int reach, float* out, int parts, int images, int h, int w) {
    int c = COLUMN, r = ROW;
    if (c >= w || r >= h) return;
    long long plane = (long long)h * w;
    for (long long n = blockIdx.z; n < images; n += gridDim.z) {
        const float* of = sums + n * (parts + 1) * plane + c;
        float weight = 0.0f;
        for (int p = parts; p >= 0; p--) {  // The sum of the weights is needed first.
            float total = 0.0f;
            for (int i = -reach; i <= reach; i++)
                total += taps[i < 0 ? -i : i] * of[p * plane + (long long)mirrored(r + i, h) * w];
            if (p == parts)
                weight = total == 0.0f ? 1.0f : total;
            else
                out[(n * parts + p) * plane + (long long)r * w + c] = total / weight;
        }
    }
}
