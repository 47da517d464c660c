package hll

import (
	"fmt"
	"math"
	"strconv"
)

// Get returns register i of a dense value.
//
// REQUIRES: EncodingOf(b) == Dense.
func Get(b []byte, i int) uint8 { return denseGet(b[HeaderSize:], i) }

// AppendRuns appends the runs of a sparse value as PFDEBUG DECODE prints them: "Z:100 v:3,1 z:2".
//
// REQUIRES: EncodingOf(b) == Sparse.
func AppendRuns(dst, b []byte) ([]byte, error) {
	start, n := len(dst), 0
	for p := b[HeaderSize:]; len(p) > 0; {
		r := firstRun(p)
		if r.size == 0 {
			return dst[:start], ErrCorrupt
		}
		if n > 0 {
			dst = append(dst, ' ')
		}
		switch p[0] & tagMask {
		case zeroTag:
			dst = append(dst, "z:"...)
			dst = strconv.AppendInt(dst, int64(r.n), 10)
		case xzeroTag:
			dst = append(dst, "Z:"...)
			dst = strconv.AppendInt(dst, int64(r.n), 10)
		default:
			dst = append(dst, "v:"...)
			dst = strconv.AppendInt(dst, int64(r.value), 10)
			dst = append(dst, ',')
			dst = strconv.AppendInt(dst, int64(r.n), 10)
		}
		n += r.n
		p = p[r.size:]
	}
	if n != NumRegisters {
		return dst[:start], ErrCorrupt
	}
	return dst, nil
}

// SelfTest is PFSELFTEST: it writes and reads dense registers, and compares the estimate with the truth for up to ten
// million elements, in both encodings while they are the same. It returns what failed, or nil. It takes seconds: a
// caller that cannot wait gives a smaller limit.
func SelfTest(seed uint64, limit int) error {
	if err := selfTestRegisters(seed); err != nil {
		return err
	}
	dense, err := AppendDense(make([]byte, 0, DenseSize), AppendNew(nil))
	if err != nil {
		return err
	}
	sparse := AppendNew(make([]byte, 0, 4096))
	standard := 1.04 / math.Sqrt(NumRegisters)
	var element [8]byte
	check := 1
	for n := 1; n <= limit; n++ {
		x := uint64(n) ^ seed
		for k := range element {
			element[k] = byte(x >> (8 * k))
		}
		if dense, _, err = Add(dense, element[:], 0); err != nil {
			return fmt.Errorf("TESTFAILED adding element %d: %w", n, err)
		}
		if EncodingOf(sparse) == Sparse {
			sparse, _, err = Add(sparse, element[:], cap(sparse))
			if err == ErrPromote {
				if sparse, err = AppendDense(make([]byte, 0, DenseSize), sparse); err == nil {
					sparse, _, err = Add(sparse, element[:], 0)
				}
			}
			if err != nil {
				return fmt.Errorf("TESTFAILED adding element %d to the sparse encoding: %w", n, err)
			}
		}
		if n != check {
			continue
		}
		got, err := Count(dense)
		if err != nil {
			return err
		}
		if EncodingOf(sparse) == Sparse {
			if s, err := Count(sparse); err != nil || s != got {
				return fmt.Errorf("TESTFAILED dense/sparse disagree: card:%d sparse:%d dense:%d", n, s, got)
			}
		}
		// Six standard errors, and a little more where the numbers are small.
		most := math.Ceil(6 * standard * float64(n))
		if n == 10 {
			most = 1
		}
		if math.Abs(float64(n)-float64(got)) > most {
			return fmt.Errorf("TESTFAILED Too big error. card:%d abserr:%d", n, int64(math.Abs(float64(n)-float64(got))))
		}
		check *= 10
	}
	return nil
}

// selfTestRegisters sets all dense registers to random values many times and reads them back.
func selfTestRegisters(seed uint64) error {
	var p [denseBytes]byte
	var want [NumRegisters]uint8
	for range 50 {
		for i := range want {
			seed = seed*6364136223846793005 + 1442695040888963407
			want[i] = uint8(seed>>40) & registerMax
			denseSet(p[:], i, want[i])
		}
		for i, w := range want {
			if got := denseGet(p[:], i); got != w {
				return fmt.Errorf("TESTFAILED Register %d should be %d but is %d", i, w, got)
			}
		}
	}
	return nil
}
