// Displacement along the direction of a subband with a periodic grid (n, h, w). One thread per coefficient.

__device__ __forceinline__ float2 neighbor_product(
    const float2* image, int r, int c, int before, int after, int across, int w) {
    float2 here = image[(long long)r * w + c];  // product with the previous and the next sample
    float2 last = across ? image[(long long)r * w + before] : image[(long long)before * w + c];
    float2 next = across ? image[(long long)r * w + after] : image[(long long)after * w + c];
    float2 one = times_conjugate(here, last), two = times_conjugate(next, here);
    return make_float2(one.x + two.x, one.y + two.y);
}

__device__ __forceinline__ float frequency_along(float2 down, float2 right, const float* carrier, const float* gains) {
    float2 usual = make_float2(carrier[0], carrier[1]), other = make_float2(carrier[2], carrier[3]);
    return gains[0] + gains[1] * phase_of(times_conjugate(down, usual)) +
           gains[2] * phase_of(times_conjugate(right, other));
}

extern "C" __global__ void local_frequency(
    const float2* coefs, const float* carrier, const float* gains, float* out, int images, int h, int w) {
    int c = COLUMN, r = ROW;
    if (c >= w || r >= h) return;
    int up = wrapped(r - 1, h), below = wrapped(r + 1, h), left = wrapped(c - 1, w), right = wrapped(c + 1, w);
    for (long long n = blockIdx.z; n < images; n += gridDim.z) {
        const float2* image = coefs + n * h * w;
        float2 down = neighbor_product(image, r, c, up, below, 0, w);
        float2 along = neighbor_product(image, r, c, left, right, 1, w);
        out[(n * h + r) * w + c] = frequency_along(down, along, carrier, gains);
    }
}

extern "C" __global__ void displacement_terms(
    const float2* coefs, const float2* reference, const float* carrier, const float* gains, float* out, int images,
    int h, int w) {
    int c = COLUMN, r = ROW;
    if (c >= w || r >= h) return;
    int up = wrapped(r - 1, h), below = wrapped(r + 1, h), left = wrapped(c - 1, w), right = wrapped(c + 1, w);
    for (long long n = blockIdx.z; n < images; n += gridDim.z) {
        long long plane = (long long)h * w, i = (long long)r * w + c;
        const float2 *image = coefs + n * plane, *other = reference + n * plane;
        float2 down = neighbor_product(image, r, c, up, below, 0, w);
        float2 along = neighbor_product(image, r, c, left, right, 1, w);
        float2 other_down = neighbor_product(other, r, c, up, below, 0, w);
        float2 other_along = neighbor_product(other, r, c, left, right, 1, w);
        down = make_float2(down.x + other_down.x, down.y + other_down.y);
        along = make_float2(along.x + other_along.x, along.y + other_along.y);
        float2 product = times_conjugate(image[i], other[i]);
        float weight = hypotf(product.x, product.y);
        out[2 * n * plane + i] = weight * phase_of(product);
        out[(2 * n + 1) * plane + i] = weight * frequency_along(down, along, carrier, gains);
    }
}
