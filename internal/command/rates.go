package command

// Rates of the last second and a half, as INFO shows them: a sample every 100 ms, the mean of 16.

// Rate names a quantity that Stats.Sample follows.
type Rate int

// The rates.
const (
	RateCommands   Rate = iota // commands per second
	RateNetIn                  // bytes per second
	RateNetOut                 // bytes per second
	RateTurns                  // turns of the loops per second
	RateTurnMicros             // microseconds of a turn
	numRates
)

const rateSamples = 16

// rate is the recent history of a quantity that grows.
type rate struct {
	last    int64 // value of the quantity at the last sample
	base    int64 // what it is divided by, at the last sample
	started bool
	samples [rateSamples]int64
	next    int
}

func (r *rate) track(value, base, factor int64) {
	if r.started {
		mean := int64(0)
		if d := base - r.base; d > 0 {
			mean = max(0, value-r.last) * factor / d
		}
		r.samples[r.next] = mean
		r.next = (r.next + 1) % rateSamples
	}
	r.last, r.base, r.started = value, base, true
}

// Sample takes a sample of everything that INFO shows as a rate. The server calls it every 100 ms, under the keyspace
// lock.
func (s *Stats) Sample(env *Env) {
	now := env.Keys.Now
	in, out := env.Ops.Net()
	s.rates[RateCommands].track(s.Commands, now, 1000)
	s.rates[RateNetIn].track(in, now, 1000)
	s.rates[RateNetOut].track(out, now, 1000)
	s.rates[RateTurns].track(s.Turns, now, 1000)
	s.rates[RateTurnMicros].track(s.TurnNanos/1000, s.Turns, 1)
}

// PerSecond returns the mean of the last samples.
func (s *Stats) PerSecond(r Rate) int64 {
	sum := int64(0)
	for _, v := range s.rates[r].samples {
		sum += v
	}
	return sum / rateSamples
}
