// Motion fields (2, h, w). One thread per pixel.

extern "C" __global__ void average_similar(
    const float* field, const float* trust, const float* speed, const float* taps, int reach, float narrow, float* out,
    int h, int w) {
    int c = COLUMN, r = ROW;
    if (c >= w || r >= h) return;
    long long plane = (long long)h * w, here = (long long)r * w + c;
    float u = speed[here], v = speed[plane + here], down = 0.0f, right = 0.0f, weight = 0.0f;
    for (int i = max(-reach, -r); i <= min(reach, h - 1 - r); i++)
        for (int j = max(-reach, -c); j <= min(reach, w - 1 - c); j++) {
            long long there = here + (long long)i * w + j;
            float p = speed[there] - u, q = speed[plane + there] - v;
            float likeness = 1.0f - narrow * (p * p + q * q);
            if (likeness <= 0.0f) continue;
            float share = taps[i < 0 ? -i : i] * taps[j < 0 ? -j : j] * trust[there] * likeness * likeness;
            down += share * field[there];
            right += share * field[plane + there];
            weight += share;
        }
    out[here] = down / weight;
    out[plane + here] = right / weight;
}
