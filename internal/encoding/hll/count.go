package hll

import "math"

// histogram counts registers by value.
type histogram [registerMax + 1]int32

// Count estimates the number of different elements from the registers, whatever is cached.
func Count(b []byte) (uint64, error) {
	var h histogram
	p := b[HeaderSize:]
	if b[encodingAt] == byte(Dense) {
		denseHistogram(p, &h)
		return h.estimate(), nil
	}
	if err := checkRuns(p); err != nil {
		return 0, err
	}
	for len(p) > 0 {
		r := firstRun(p)
		h[r.value] += int32(r.n)
		p = p[r.size:]
	}
	return h.estimate(), nil
}

// alphaInf is 1/(2 ln 2).
const alphaInf = 0.721347520444481703680

// estimate is the improved raw estimator of O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches"
// (2017), algorithm 6. The conversions keep the compiler from fusing operations, so that the result is the same on every machine.
func (h *histogram) estimate() uint64 {
	const m = float64(NumRegisters)
	z := m * tau((m-float64(h[valueBits+1]))/m)
	for k := valueBits; k >= 1; k-- {
		z = float64(z+float64(h[k])) * 0.5
	}
	z += float64(m * sigma(float64(h[0])/m))
	return uint64(math.Round(alphaInf * m * m / z))
}

// sigma corrects for registers that are 0.
func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for {
		x *= x
		old := z
		z += float64(x * y)
		y += y
		if z == old {
			return z
		}
	}
}

// tau corrects for registers that are full.
func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		old := z
		y *= 0.5
		z -= float64(float64((1-x)*(1-x)) * y)
		if z == old {
			return z / 3
		}
	}
}
