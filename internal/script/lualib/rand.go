package lualib

// drand48 is the generator that Redis gives to math.random, so that a script sees the same numbers on every machine:
// the linear congruence of C's lrand48, 48 bits.
type drand48 struct{ x uint64 }

func (r *drand48) seed(n int32) { r.x = uint64(uint32(n))<<16 | 0x330e }

// next is the next number of 31 bits.
func (r *drand48) next() int32 {
	r.x = (r.x*0x5deece66d + 0xb) & (1<<48 - 1)
	return int32(r.x >> 17)
}
