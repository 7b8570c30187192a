// Riesz triples (n, 3, h, w) and their quaternionic phase (n, 2, h, w). One thread per sample; `plane` is the number of
// samples per image.

__device__ __forceinline__ float2 quaternion_shift_at(const float* c, float j, float rx, float ry, long long plane) {
    float i = c[0], x = c[plane], y = c[2 * plane];
    float p = j * x - i * rx, q = j * y - i * ry;
    float norm = sqrtf(p * p + q * q);
    float per_norm = norm > 0.0f ? atan2f(norm, i * j + x * rx + y * ry) / norm : 0.0f;
    return make_float2(p * per_norm, q * per_norm);
}

extern "C" __global__ void quaternion_shift(
    const float* coefs, const float* reference, float* phase, int frames, long long plane) {
    long long i = sample();
    if (i >= plane) return;
    for (long long t = blockIdx.y; t < frames; t += gridDim.y) {
        const float* r = reference + 3 * t * plane + i;
        float2 shift = quaternion_shift_at(coefs + 3 * t * plane + i, r[0], r[plane], r[2 * plane], plane);
        phase[2 * t * plane + i] = shift.x;
        phase[(2 * t + 1) * plane + i] = shift.y;
    }
}

extern "C" __global__ void quaternion_rotate(
    const float* coefs, const float* angle, float* out, int frames, long long plane) {
    long long i = sample();
    if (i >= plane) return;
    for (long long t = blockIdx.y; t < frames; t += gridDim.y) {
        const float* c = coefs + 3 * t * plane + i;
        float p = angle[2 * t * plane + i], q = angle[(2 * t + 1) * plane + i];
        float size = sqrtf(p * p + q * q);
        float sinc = size > 0.0f ? sinf(size) / size : 1.0f, cosine = cosf(size);
        float* to = out + 3 * t * plane + i;
        to[0] = cosine * c[0] - sinc * (p * c[plane] + q * c[2 * plane]);
        to[plane] = cosine * c[plane] + sinc * p * c[0];
        to[2 * plane] = cosine * c[2 * plane] + sinc * q * c[0];
    }
}

extern "C" __global__ void amplitude(const float* coefs, float* out, int frames, long long plane) {
    long long i = sample();
    if (i >= plane) return;
    for (long long t = blockIdx.y; t < frames; t += gridDim.y) {
        const float* c = coefs + 3 * t * plane + i;
        out[t * plane + i] = sqrtf(c[0] * c[0] + c[plane] * c[plane] + c[2 * plane] * c[2 * plane]);
    }
}

extern "C" __global__ void quaternion_shift_put(
    const float* coefs, const float* angle, float per_limit, const float* map, int mapped, float alpha, float* out,
    int frames, long long plane) {  // change of the first part of a triple
    long long i = sample();
    if (i >= plane) return;
    float by = mapped ? map[i] : alpha;
    for (long long t = blockIdx.y; t < frames; t += gridDim.y) {
        const float* c = coefs + 3 * t * plane + i;
        float p = by * angle[2 * t * plane + i], q = by * angle[(2 * t + 1) * plane + i];
        float fade = attenuation(p * p + q * q, per_limit);
        p *= fade, q *= fade;
        float size = sqrtf(p * p + q * q), half = sinf(0.5f * size);
        float sinc = size > 0.0f ? sinf(size) / size : 1.0f;
        out[t * plane + i] = -2.0f * half * half * c[0] - sinc * (p * c[plane] + q * c[2 * plane]);
    }
}

extern "C" __global__ void quaternion_shift_filtered(
    const float* coefs, float* previous, const float* sos, float* state, float* signal, int frames, int count,
    long long plane) {
    long long i = sample();
    if (i >= plane) return;
    Sections down, right;
    right.load(state, count, i, 2 * plane);
    down.load(state, count, plane + i, 2 * plane);
    float j = previous[i], rx = previous[plane + i], ry = previous[2 * plane + i];
    for (int t = 0; t < frames; t++) {
        const float* c = coefs + 3 * t * plane + i;
        float2 shift = quaternion_shift_at(c, j, rx, ry, plane);
        signal[2 * t * plane + i] = right.next(shift.x, sos, count);
        signal[(2 * t + 1) * plane + i] = down.next(shift.y, sos, count);
        j = c[0], rx = c[plane], ry = c[2 * plane];
    }
    previous[i] = j, previous[plane + i] = rx, previous[2 * plane + i] = ry;
    right.store(state, count, i, 2 * plane);
    down.store(state, count, plane + i, 2 * plane);
}
