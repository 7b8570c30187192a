// Motion fields (2, h, w). One thread per pixel.

extern "C" __global__ void average_similar(
    const float* field, const float* weights, const float* velocity, const float* taps, int reach, float sharpness,
    float* out, int h, int w) {
    int c = COLUMN, r = ROW;
    if (c >= w || r >= h) return;
    long long plane = (long long)h * w, here = (long long)r * w + c;
    float u = velocity[here], v = velocity[plane + here], down = 0.0f, right = 0.0f, weight = 0.0f;
    for (int i = max(-reach, -r); i <= min(reach, h - 1 - r); i++)
        for (int j = max(-reach, -c); j <= min(reach, w - 1 - c); j++) {
            long long there = here + (long long)i * w + j;
            float p = velocity[there] - u, q = velocity[plane + there] - v;
            float similarity = 1.0f - sharpness * (p * p + q * q);
            if (similarity <= 0.0f) continue;
            float share = taps[i < 0 ? -i : i] * taps[j < 0 ? -j : j] * weights[there] * similarity * similarity;
            down += share * field[there];
            right += share * field[plane + there];
            weight += share;
        }
    out[here] = down / weight;
    out[plane + here] = right / weight;
}
