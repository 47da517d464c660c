package mem

// The Go heap has size classes of its own. What is booked outside of the range is booked with the bytes that the heap
// takes for it.

const goSmall = 1024

// goClasses is the size class of every request up to goSmall bytes, in steps of 8.
var goClasses = func() (c [goSmall/8 + 1]uint16) {
	for i := range c {
		c[i] = uint16(cap(append([]byte(nil), make([]byte, 8*i)...)))
	}
	return c
}()

// GoSize returns the bytes that the Go heap takes for an allocation of n bytes without pointers.
func GoSize(n int) int64 {
	if n <= goSmall {
		return int64(goClasses[(n+7)/8])
	}
	return int64(cap(append([]byte(nil), make([]byte, n)...)))
}

// GoStructSize returns the bytes that the Go heap takes for a struct of n bytes that has pointers: beyond 512 bytes, 8
// more say where they are.
func GoStructSize(n int) int64 {
	if n > 512 {
		n += 8
	}
	return GoSize(n)
}
