// Local phase, temporal filters, and rotation of coefficients. One thread per coefficient.

#define MAX_SECTIONS 4  // second-order sections whose state is kept in registers
#define MAX_SUMS 16  // sums over time that are kept in registers

__device__ __forceinline__ float2 times_conjugate(float2 a, float2 b) {  // a times the conjugate of b
    return make_float2(a.x * b.x + a.y * b.y, a.y * b.x - a.x * b.y);
}

__device__ __forceinline__ float phase_of(float2 a) { return atan2f(a.y, a.x); }

__device__ __forceinline__ long long sample() { return (long long)blockIdx.x * blockDim.x + threadIdx.x; }

struct Sections {  // transposed direct form II; the states of one sample are at a distance of n elements
    float z[2 * MAX_SECTIONS];

    __device__ __forceinline__ void load(const float* state, int count, long long i, long long n) {
#pragma unroll
        for (int k = 0; k < 2 * MAX_SECTIONS; k++) z[k] = k < 2 * count ? state[k * n + i] : 0.0f;
    }

    __device__ __forceinline__ void store(float* state, int count, long long i, long long n) const {
#pragma unroll
        for (int k = 0; k < 2 * MAX_SECTIONS; k++)
            if (k < 2 * count) state[k * n + i] = z[k];
    }

    __device__ __forceinline__ float next(float value, const float* sos, int count) {
#pragma unroll
        for (int k = 0; k < MAX_SECTIONS; k++) {
            if (k < count) {
                const float* s = sos + 6 * k;
                float result = s[0] * value + z[2 * k];
                z[2 * k] = s[1] * value - s[4] * result + z[2 * k + 1];
                z[2 * k + 1] = s[2] * value - s[5] * result;
                value = result;
            }
        }
        return value;
    }
};

extern "C" __global__ void phase_shift(const float2* coefs, const float2* reference, float* phase, long long n) {
    long long i = sample();
    if (i < n) phase[i] = phase_of(times_conjugate(coefs[i], reference[i]));
}

__device__ __forceinline__ float2 rotation_change_of(float2 c, float angle) {  // change that a rotation makes
    // `real` is the cosine minus 1, in a form that is accurate for small angles.
    float half = sinf(0.5f * angle), real = -2.0f * half * half, imag = sinf(angle);
    return make_float2(c.x * real - c.y * imag, c.x * imag + c.y * real);
}

__device__ __forceinline__ float attenuation(float square, float per_limit) {  // factor of attenuation of an angle
    square *= per_limit * per_limit;
    return 1.0f / (1.0f + square * square);
}

extern "C" __global__ void rotation_change(float2* coefs, const float* angle, long long n) {
    long long i = sample();
    if (i < n) coefs[i] = rotation_change_of(coefs[i], angle[i]);
}

extern "C" __global__ void phase_shift_put(
    float2* coefs, const float* signal, float per_limit, const float* map, int mapped, float alpha, int frames,
    long long n) {
    long long i = sample();
    if (i >= n) return;
    float by = mapped ? map[i] : alpha;
    for (long long t = blockIdx.y; t < frames; t += gridDim.y) {
        float angle = by * signal[t * n + i];
        coefs[t * n + i] = rotation_change_of(coefs[t * n + i], angle * attenuation(angle * angle, per_limit));
    }
}

extern "C" __global__ void soft_limit(float* angle, float per_limit, int parts, int frames, long long n) {
    long long i = sample();  // index of one of n samples per frame, whose parts are at a distance of n elements
    if (i >= n) return;
    for (long long t = blockIdx.y; t < frames; t += gridDim.y) {
        float* at = angle + t * parts * n + i;
        float square = 0.0f;
        for (int p = 0; p < parts; p++) square += at[p * n] * at[p * n];
        float by = attenuation(square, per_limit);
        for (int p = 0; p < parts; p++) at[p * n] *= by;
    }
}

extern "C" __global__ void biquads(
    const float* x, const float* sos, float* state, float* y, int frames, int count, long long n) {
    long long i = sample();
    if (i >= n) return;
    Sections sections;
    sections.load(state, count, i, n);
    for (int t = 0; t < frames; t++) y[t * n + i] = sections.next(x[t * n + i], sos, count);
    sections.store(state, count, i, n);
}

extern "C" __global__ void phase_shift_filtered(
    const float2* coefs, float2* previous, const float* sos, float* state, float* signal, int frames, int count,
    long long n) {
    long long i = sample();
    if (i >= n) return;
    Sections sections;
    sections.load(state, count, i, n);
    float2 last = previous[i];
    for (int t = 0; t < frames; t++) {
        float2 c = coefs[t * n + i];
        signal[t * n + i] = sections.next(phase_of(times_conjugate(c, last)), sos, count);
        last = c;
    }
    previous[i] = last;
    sections.store(state, count, i, n);
}

extern "C" __global__ void phase_shift_projected(
    const float2* coefs, float2* previous, const float* columns, float* total, int frames, int count, int last,
    long long n) {  // some of the columns; the last of these calls updates the previous frame
    long long i = sample();
    if (i >= n) return;
    float sums[MAX_SUMS];
#pragma unroll
    for (int m = 0; m < MAX_SUMS; m++) sums[m] = m < count ? total[m * n + i] : 0.0f;
    float2 earlier = previous[i];
    for (int t = 0; t < frames; t++) {
        float2 c = coefs[t * n + i];
        float phase = phase_of(times_conjugate(c, earlier));
#pragma unroll
        for (int m = 0; m < MAX_SUMS; m++)
            if (m < count) sums[m] += columns[m * frames + t] * phase;
        earlier = c;
    }
#pragma unroll
    for (int m = 0; m < MAX_SUMS; m++)
        if (m < count) total[m * n + i] = sums[m];
    if (last) previous[i] = earlier;
}

extern "C" __global__ void phase_shift_magnified(
    float2* coefs, float2* previous, const float* sos, float* state, float per_limit, const float* map, int mapped,
    float alpha, int frames, int count, long long n) {
    long long i = sample();
    if (i >= n) return;
    Sections sections;
    sections.load(state, count, i, n);
    float2 last = previous[i];
    float by = mapped ? map[i] : alpha;
    for (int t = 0; t < frames; t++) {
        float2 c = coefs[t * n + i];
        float angle = by * sections.next(phase_of(times_conjugate(c, last)), sos, count);
        coefs[t * n + i] = rotation_change_of(c, angle * attenuation(angle * angle, per_limit));
        last = c;
    }
    previous[i] = last;
    sections.store(state, count, i, n);
}

extern "C" __global__ void value_change_filtered(
    const float* coefs, float* previous, const float* sos, float* state, float* signal, int frames, int count,
    long long n) {
    long long i = sample();
    if (i >= n) return;
    Sections sections;
    sections.load(state, count, i, n);
    float last = previous[i];
    for (int t = 0; t < frames; t++) {
        float c = coefs[t * n + i];
        signal[t * n + i] = sections.next(c - last, sos, count);
        last = c;
    }
    previous[i] = last;
    sections.store(state, count, i, n);
}
