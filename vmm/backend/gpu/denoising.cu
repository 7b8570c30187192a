// Denoising of displacement: running means over frames, shrinkage, probes of noise, and interpolation. Maps have n
// samples; the planes of a frame are at a distance of n elements.

#define MEANS 9

struct Running {  // the means of one sample
    float value[MEANS];

    __device__ __forceinline__ void load(const float* means, long long i, long long n) {
#pragma unroll
        for (int k = 0; k < MEANS; k++) value[k] = means[k * n + i];
    }

    __device__ __forceinline__ void store(float* means, long long i, long long n) const {
#pragma unroll
        for (int k = 0; k < MEANS; k++) means[k * n + i] = value[k];
    }

    __device__ __forceinline__ void add(int k, float x, float weight) { value[k] += weight * (x - value[k]); }
};

extern "C" __global__ void update_means(
    float* means, const float* reading, const float* signal, const float* prior, const float* weights, int frames,
    long long n) {  // `reading` has 6 planes
    long long i = sample();
    if (i >= n) return;
    Running mean;
    mean.load(means, i, n);
    for (int t = 0; t < frames; t++) {
        const float *read = reading + 6 * t * n + i, *own = signal + 2 * t * n + i, *coarse = prior + 2 * t * n + i;
#pragma unroll
        for (int k = 0; k < 6; k++) mean.add(k, read[(k + 2) % 6 * n], weights[t]);
        mean.add(6, own[0] * own[0] + own[n] * own[n], weights[t]);
        mean.add(7, own[0] * coarse[0] + own[n] * coarse[n], weights[t]);
        mean.add(8, coarse[0] * coarse[0] + coarse[n] * coarse[n], weights[t]);
    }
    mean.store(means, i, n);
}

extern "C" __global__ void shrink_displacement(
    float* means, const float* motion, int planes, float* signal, float* prior, const float* estimate,
    const float* weights, float gain, float per_threshold, int frames, long long n) {
    long long i = sample();
    if (i >= n) return;
    Running mean;
    mean.load(means, i, n);
    float agreement = estimate[i], yy = estimate[n + i], yx = estimate[2 * n + i], xx = estimate[3 * n + i];
    float factor = estimate[4 * n + i];
    for (int t = 0; t < frames; t++) {
        const float* speed = motion + (long long)planes * t * n + i;
        float *own = signal + 2 * t * n + i, *coarse = prior + 2 * t * n + i;
        float from[2] = {agreement * coarse[0], agreement * coarse[n]};
        float down = own[0] - from[0], right = own[n] - from[1];
        float denoised[2] = {from[0] + yy * down + yx * right, from[1] + yx * down + xx * right};
        float longer = weights[2 * t], shorter = weights[2 * t + 1], variance = 0.0f;
        mean.add(0, denoised[0] * denoised[0] + denoised[1] * denoised[1], longer);
#pragma unroll
        for (int k = 0; k < 2; k++) {
            mean.add(1 + k, gain * speed[k * n], shorter);
            mean.add(3 + k, mean.value[1 + k], shorter);
            mean.add(5 + k, mean.value[3 + k], shorter);
            mean.add(7 + k, mean.value[3 + k] * mean.value[3 + k], shorter);
            variance += mean.value[7 + k] - mean.value[5 + k] * mean.value[5 + k];
        }
        float fading = attenuation(fmaxf(variance, 0.0f), per_threshold);
#pragma unroll
        for (int k = 0; k < 2; k++) {
            coarse[k * n] = denoised[k] * factor;
            own[k * n] = denoised[k] * factor * fading;
        }
    }
    mean.store(means, i, n);
}

extern "C" __global__ void structure_terms(
    const float* evidence, const float* noise, float noise_structure, float least, float correlation, float ridge,
    float* out, long long n) {
    long long i = sample();
    if (i >= n) return;
    float yy = evidence[i], yx = evidence[n + i], xx = evidence[2 * n + i], own = noise_structure * evidence[3 * n + i];
    yy = fmaxf(yy - own, least * yy);
    xx = fmaxf(xx - own, least * xx);
    float largest = correlation * sqrtf(yy * xx), more = ridge * (yy + xx) + 1e-6f;
    yx = fminf(fmaxf(yx, -largest), largest);
    float variance = noise[i] * (yy + xx + 2.0f * more) / ((yy + more) * (xx + more) - yx * yx);
    out[i] = yy;
    out[n + i] = yx;
    out[2 * n + i] = xx;
    out[3 * n + i] = variance;
    out[4 * n + i] = 1.0f / (variance + 1e-9f);
}

extern "C" __global__ void weighing(
    const float* structure, const float* noise, const float* variance, float* out, long long n) {
    long long i = sample();
    if (i >= n) return;
    float yy = structure[i], yx = structure[n + i], xx = structure[2 * n + i];
    float mu = noise[i] / fmaxf(variance[i], 1e-12f);
    float scale = 1.0f / ((yy + mu) * (xx + mu) - yx * yx + 1e-20f);
    out[i] = ((xx + mu) * yy - yx * yx) * scale;
    out[n + i] = mu * yx * scale;
    out[2 * n + i] = ((yy + mu) * xx - yx * yx) * scale;
    out[3 * n + i] = noise[i] * (yy + xx + 2.0f * mu) * scale;
}

extern "C" __global__ void probed_residual(
    const float* images, const float* earlier, const float* displacement, int planes, const int* rows, float outer,
    float inner, float slope, float* out, int probes, int frames, int h, int w) {
    int c = COLUMN, p = ROW, half_h = (h + 1) / 2, half_w = (w + 1) / 2;
    if (c >= w || p >= probes) return;
    Taps taps = {outer, inner, slope};
    int cols[3] = {mirrored(c - 1, w), c, mirrored(c + 1, w)}, middle = rows[3 * p + 1];
    for (long long t = blockIdx.z; t < frames; t += gridDim.z) {
        float across[3], down[3], change[3];
        for (int k = 0; k < 3; k++) {
            float value[3], difference[3];
            for (int j = 0; j < 3; j++) {
                long long at = (t * h + rows[3 * p + j]) * w + cols[k];
                value[j] = (images[at] + earlier[at]) * 0.5f;
                difference[j] = images[at] - earlier[at];
            }
            across[k] = taps.smoothed(value[0], value[1], value[2]);
            down[k] = slope * (value[2] - value[0]);
            change[k] = taps.smoothed(difference[0], difference[1], difference[2]);
        }
        const float* d = displacement + (t * planes * half_h + middle / 2) * half_w + c / 2;
        float by_down = taps.smoothed(down[0], down[1], down[2]) * d[0];
        float by_right = slope * (across[2] - across[0]) * d[(long long)half_h * half_w];
        out[(t * probes + p) * w + c] = taps.smoothed(change[0], change[1], change[2]) + by_down + by_right;
    }
}

extern "C" __global__ void resample(
    const float* x, const int* rows, const float* down, const int* cols, const float* right, float* out, int images,
    int h, int w, int height, int width) {  // from (h, w) to (height, width)
    int c = COLUMN, r = ROW;
    if (c >= width || r >= height) return;
    int col = cols[c], next = min(col + 1, w - 1);
    for (long long n = blockIdx.z; n < images; n += gridDim.z) {
        const float *above = x + (n * h + rows[r]) * w, *below = x + (n * h + min(rows[r] + 1, h - 1)) * w;
        float before = above[col] + down[r] * (below[col] - above[col]);
        float after = above[next] + down[r] * (below[next] - above[next]);
        out[(n * height + r) * width + c] = before + right[c] * (after - before);
    }
}
