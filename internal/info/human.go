package info

import "strconv"

// AppendHuman appends a number of bytes in the form of the _human fields: 512B, 1.05M, 23.54G.
func AppendHuman(b []byte, n int64) []byte {
	if n < 1024 && n > -1024 {
		return append(strconv.AppendInt(b, n, 10), 'B')
	}
	v, unit := float64(n), byte(0)
	for _, unit = range []byte("KMGTP") {
		v /= 1024
		if v < 1024 && v > -1024 {
			break
		}
	}
	return append(strconv.AppendFloat(b, v, 'f', 2, 64), unit)
}

// Human is AppendHuman as a string.
func Human(n int64) string { return string(AppendHuman(nil, n)) }
