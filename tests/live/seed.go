package live

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// Seed returns the seed of a random test and logs it: $GRANARY_SEED, where "random" is a new one each time, and the same
// one in every run by default, so that a run that must pass does not depend on luck.
func Seed(t testing.TB) uint64 {
	t.Helper()
	seed := uint64(20260101)
	switch v := os.Getenv("GRANARY_SEED"); v {
	case "":
	case "random":
		seed = rand.Uint64()
	default:
		n, err := strconv.ParseUint(v, 10, 64)
		if err != nil {
			t.Fatalf("GRANARY_SEED=%q is neither a number nor the word random", v)
		}
		seed = n
	}
	t.Logf("GRANARY_SEED=%d", seed)
	return seed
}
