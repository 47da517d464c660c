package bitmaps

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"granary/internal/command/commandtest"
	"granary/internal/commands/strings"
	"granary/tests/live"
)

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	fill := r.Uint32()
	for i := range b {
		switch {
		case fill&3 == 0:
		case fill&3 == 1:
			b[i] = 0xff
		default:
			b[i] = byte(r.Uint32())
		}
	}
	if n > 0 && r.IntN(2) == 0 {
		b[r.IntN(n)] ^= 1 << r.IntN(8)
	}
	return b
}

func bitAt(b []byte, i int64) byte {
	if i>>3 >= int64(len(b)) {
		return 0
	}
	return b[i>>3] >> (7 - i&7) & 1
}

// Counting and searching against a loop over single bits.
func TestAgainstSingleBits(t *testing.T) {
	seed := live.Seed(t)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 5000 {
		b := randomBytes(r, 1+r.IntN(70))
		from := r.Int64N(int64(8 * len(b)))
		to := from + r.Int64N(int64(8*len(b))-from+1)
		ones, first := int64(0), [2]int64{-1, -1}
		for i := to - 1; i >= from; i-- {
			bit := bitAt(b, i)
			ones += int64(bit)
			first[bit] = i
		}
		if got := countBits(b, from, to); got != ones {
			t.Fatalf("seed %d: %x from %d to %d: %d ones, want %d", seed, b, from, to, got, ones)
		}
		for bit := range byte(2) {
			if got := findBit(b, bit, from, to); got != first[bit] {
				t.Fatalf("seed %d: %x from %d to %d: first %d at %d, want %d", seed, b, from, to, bit, got, first[bit])
			}
		}
	}
}

func TestCombine(t *testing.T) {
	seed := live.Seed(t)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 2000 {
		from := make([][]byte, 1+r.IntN(4))
		size := 0
		for i := range from {
			from[i] = randomBytes(r, r.IntN(60))
			size = max(size, len(from[i]))
		}
		for op := opAnd; op <= opNot; op++ {
			if op == opNot {
				from = from[:1]
				size = len(from[0])
			}
			got := make([]byte, size)
			combine(op, got, from)
			for i := range got {
				at := func(b []byte) byte {
					if i < len(b) {
						return b[i]
					}
					return 0
				}
				want := at(from[0])
				for _, src := range from[1:] {
					switch op {
					case opAnd:
						want &= at(src)
					case opOr:
						want |= at(src)
					case opXor:
						want ^= at(src)
					}
				}
				if op == opNot {
					want = ^want
				}
				if got[i] != want {
					t.Fatalf("seed %d: op %d of %x: byte %d is %x, want %x", seed, op, from, i, got[i], want)
				}
			}
		}
	}
}

// Fields against single bits and numbers of any size.
func TestFields(t *testing.T) {
	seed := live.Seed(t)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 20000 {
		k := kind{signed: r.IntN(2) == 0, width: uint(1 + r.IntN(63))}
		if k.signed && r.IntN(10) == 0 {
			k.width = 64
		}
		b := randomBytes(r, 30)
		at := r.Int64N(30*8 - int64(k.width) + 1)
		var bits uint64
		for i := range int64(k.width) {
			bits = bits<<1 | uint64(bitAt(b, at+i))
		}
		old := k.load(b, at)
		if old != k.cut(bits) {
			t.Fatalf("seed %d: %+v at %d of %x: %d, want %d", seed, k, at, b, old, k.cut(bits))
		}
		low, high := k.limits()
		by := int64(r.Uint64()) >> r.IntN(64)
		sum := new(big.Int).Add(big.NewInt(old), big.NewInt(by))
		fits := sum.Cmp(big.NewInt(low)) >= 0 && sum.Cmp(big.NewInt(high)) <= 0
		n, ok := k.add(old, by, fail)
		if ok != fits || ok && sum.Cmp(big.NewInt(n)) != 0 {
			t.Fatalf("seed %d: %+v: %d + %d = %d %v", seed, k, old, by, n, ok)
		}
		if n, _ := k.add(old, by, sat); !fits && n != low && n != high || !fits && (n == high) != (by > 0) {
			t.Fatalf("seed %d: %+v: %d + %d saturates at %d", seed, k, old, by, n)
		}
		n, _ = k.add(old, by, wrap)
		if n != k.cut(sum.Uint64()) && sum.Sign() >= 0 || n < low || n > high {
			t.Fatalf("seed %d: %+v: %d + %d wraps to %d", seed, k, old, by, n)
		}
		rest := append([]byte(nil), b...)
		k.store(b, at, n)
		if got := k.load(b, at); got != n {
			t.Fatalf("seed %d: %+v at %d: stored %d, loaded %d", seed, k, at, n, got)
		}
		k.store(b, at, old)
		if string(rest) != string(b) {
			t.Fatalf("seed %d: %+v at %d: bits beside the field changed", seed, k, at)
		}
	}
}

func TestEndMayBeLeftOut(t *testing.T) {
	s := commandtest.New(t, Register, strings.Register)
	s.Do("SET", "k", "foobar")
	s.Is(":26", "BITCOUNT", "k", "0")
	s.Is(":4", "BITCOUNT", "k", "-1")
	s.Is(":0", "BITCOUNT", "k", "1000")
	s.IsError("ERR syntax error", "BITCOUNT", "missing", "0", "1", "hello")
	s.IsError("ERR value is not an integer or out of range", "BITPOS", "missing", "1", "a")
	s.Is(":1", "BITPOS", "k", "1")
}

func TestBitOpReplaces(t *testing.T) {
	s := commandtest.New(t, Register, strings.Register)
	s.Do("SET", "k", "abc", "EX", "1000")
	s.Reset()
	s.Is(":3", "BITOP", "NOT", "k", "k")
	s.HasEvents("set k")
	if it := s.Client.DB.Find([]byte("k")); it.Expiry() != 0 {
		t.Error("the expiry stayed")
	}
	s.Is("$3 \x9e\x9d\x9c", "GET", "k")
	s.Is(":0", "BITOP", "AND", "k", "missing")
	s.HasEvents("keymiss missing", "del k")
}

func TestLimits(t *testing.T) {
	s := commandtest.New(t, Register)
	s.Env.Config.ProtoMaxBulkLen = 1 << 20
	s.Is(":0", "SETBIT", "k", "8388607", "1")
	s.IsError("ERR bit offset is not an integer or out of range", "SETBIT", "k", "8388608", "1")
	s.IsError("ERR bit offset is not an integer or out of range", "GETBIT", "k", "8388608")
	s.IsError("ERR bit offset is not an integer or out of range", "BITFIELD", "k", "GET", "u8", "#1048576")
	s.Is("[:0]", "BITFIELD", "x", "SET", "u63", "8388607", "1")
}

func TestNoGoAllocations(t *testing.T) {
	s := commandtest.New(t, Register)
	s.Env.Keys.Events = 0
	run := func(args ...string) {
		t.Helper()
		request := make([][]byte, len(args))
		for i, a := range args {
			request[i] = []byte(a)
		}
		do := func() {
			s.Out.Reset()
			s.Client.Do(request...)
		}
		do()
		if n := testing.AllocsPerRun(200, do); n != 0 {
			t.Errorf("%q: %v allocations", args, n)
		}
	}
	run("SETBIT", "k", "77", "1")
	run("GETBIT", "k", "77")
	run("BITCOUNT", "k")
	run("BITPOS", "k", "1")
	run("BITFIELD", "k", "INCRBY", "u8", "3", "7", "GET", "i5", "9")
}

func BenchmarkOnes(b *testing.B) {
	data := randomBytes(rand.New(rand.NewPCG(1, 2)), 1<<20)
	b.SetBytes(1 << 20)
	for b.Loop() {
		ones(data)
	}
}

func BenchmarkCombine(b *testing.B) {
	x, y, dst := make([]byte, 1<<20), make([]byte, 1<<20), make([]byte, 1<<20)
	b.SetBytes(1 << 20)
	for b.Loop() {
		combine(opXor, dst, [][]byte{x, y})
	}
}
