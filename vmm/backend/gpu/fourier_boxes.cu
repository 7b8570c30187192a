// Boxes of the half spectra (n, h, w) of real images, with columns from 0 on. One thread per coefficient.

__device__ __forceinline__ int wrapped(int i, int n) {
    i %= n;
    return i < 0 ? i + n : i;
}

extern "C" __global__ void read_box(
    const float2* half, const float* weights, float gain, int first_row, int first_col, int rows, int cols, float2* out,
    int images, int h, int w, int height, int width) {
    int c = COLUMN, r = ROW;  // in the output (height, width); coefficients outside the box (rows, cols) are zero
    if (c >= width || r >= height) return;
    bool inside = r < rows && c < cols, opposite = first_col + c < 0;
    float by = inside ? gain * weights[r * cols + c] : 0.0f;
    int row = wrapped(opposite ? -(first_row + r) : first_row + r, h);
    int col = opposite ? -(first_col + c) : first_col + c;
    for (long long n = blockIdx.z; n < images; n += gridDim.z) {
        float2 value = make_float2(0.0f, 0.0f);
        if (inside) value = half[(n * h + row) * w + col];
        out[(n * height + r) * width + c] = make_float2(by * value.x, opposite ? -by * value.y : by * value.y);
    }
}

extern "C" __global__ void add_box(
    float2* half, const float2* box, const float* weights, float gain, int first_row, int first_col, int rows, int cols,
    int images, int h, int w, int height, int width) {
    int c = COLUMN, r = ROW;  // in the spectrum; each thread adds the coefficient and the conjugate of its opposite
    if (c >= w || r >= h) return;
    int row = wrapped(r - first_row, h), col = c - first_col;
    int other_row = wrapped(-r - first_row, h), other_col = -c - first_col;
    bool here = row < rows && col >= 0 && col < cols, there = other_row < rows && other_col >= 0 && other_col < cols;
    if (!here && !there) return;
    float by = here ? gain * weights[row * cols + col] : 0.0f;
    float other = there ? gain * weights[other_row * cols + other_col] : 0.0f;
    for (long long n = blockIdx.z; n < images; n += gridDim.z) {
        const float2* from = box + n * height * width;
        float2 total = half[(n * h + r) * w + c];
        if (here) {
            float2 value = from[row * width + col];
            total.x += by * value.x, total.y += by * value.y;
        }
        if (there) {
            float2 value = from[other_row * width + other_col];
            total.x += other * value.x, total.y -= other * value.y;
        }
        half[(n * h + r) * w + c] = total;
    }
}
