package command

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"granary/internal/config"
)

// Stats counts what clients do. Guarded by the keyspace lock.
type Stats struct {
	Commands       int64 // executed
	Connections    int64 // accepted
	Rejected       int64 // connections refused
	ErrorReplies   int64
	Unexpected     int64 // errors in what another server or the AOF sent
	OutputLimit    int64 // clients closed for their output buffer
	QueryLimit     int64 // clients closed for their query buffer
	EvictedClients int64
	EvictedScripts int64 // scripts forgotten for newer ones
	Turns          int64 // turns of all loops
	TurnNanos      int64 // spent in them under the keyspace lock
	TurnMax        int64 // ns of the longest turn
	CronNanos      int64 // spent on regular work
	ExpireNanos    int64 // spent on deleting expired keys in the background
	DeniedAuth     int64 // AUTH with a wrong name or password
	DeniedCommand  int64 // refused to a user: the command
	DeniedKey      int64 // a key
	DeniedChannel  int64 // a channel
	Memory         Peak

	TurnCommandsMax int64 // the most commands in one turn
	turnCommands    int64 // Commands at the end of the last turn

	netIn, netOut int64 // bytes to and from clients before the last Reset

	specs  []SpecStats // by Spec.ID
	errors map[string]int64

	longestRun int64 // requests of one brief command whose time may be read together
	slow       int64 // nanoseconds from which on a command is looked at by slowlog and latency monitor
	slowlog    int64 // nanoseconds; MaxInt64: off
	latency    int64 // nanoseconds; MaxInt64: off
	tracking   bool  // latency-tracking

	rates [numRates]rate
}

// SpecStats are the counts of one command.
type SpecStats struct {
	Calls    int64
	Nanos    int64
	Rejected int64 // refused before they ran
	Failed   int64 // ran and answered an error
	Latency  Histogram
}

// Peak is the most memory that was in use.
type Peak struct {
	Used int64 // bytes
	At   int64 // Unix ms
}

// Note takes a reading of used_memory.
func (p *Peak) Note(used, now int64) {
	if used > p.Used {
		p.Used, p.At = used, now
	}
}

// maxRun is the most requests whose time is read together.
const maxRun = 16

// maxErrorKinds bounds the table of errors by prefix, which scripts that make up error codes would fill: from there on new
// codes of scripts are counted together. Errors of commands have a few codes, and are counted always.
const (
	maxErrorKinds = 128
	moreErrors    = "ERRORSTATS_OVERFLOW"
)

// NewStats returns empty statistics for the commands of a table.
func NewStats(t *Table, cfg *config.Config) *Stats {
	s := &Stats{specs: make([]SpecStats, len(t.Every())), errors: map[string]int64{}}
	s.Configure(cfg)
	return s
}

// Configure takes over the thresholds of the configuration: slowlog-log-slower-than, latency-monitor-threshold and
// latency-tracking.
func (s *Stats) Configure(cfg *config.Config) {
	s.slowlog, s.latency = math.MaxInt64, math.MaxInt64
	if us := cfg.SlowlogLogSlowerThan; us >= 0 && cfg.SlowlogMaxLen > 0 && us < math.MaxInt64/1000 {
		s.slowlog = us * 1000
	}
	if ms := cfg.LatencyMonitorThreshold; ms > 0 && ms < math.MaxInt64/1_000_000 {
		s.latency = ms * 1_000_000
	}
	s.slow = min(s.slowlog, s.latency)
	s.longestRun = 1
	if s.slow >= int64(time.Millisecond) {
		s.longestRun = maxRun
	}
	s.tracking = cfg.LatencyTracking
}

// ran counts n requests for a command that ran in ns nanoseconds together. Hot path.
func (s *Stats) ran(c *Client, spec *Spec, args [][]byte, ns, n int64) {
	s.count(c.Env, spec, ns, n)
	if ns >= s.slow {
		s.wasSlow(c, spec, args, ns)
	}
}

// count is ran without regard to what is slow.
func (s *Stats) count(env *Env, spec *Spec, ns, n int64) {
	s.Commands += n
	if spec.ID >= len(s.specs) {
		s.grow(spec.ID)
	}
	st := &s.specs[spec.ID]
	st.Calls += n
	st.Nanos += ns
	if s.tracking {
		st.Latency.record(env.Keys.Arena, ns/n, n)
	}
}

// failed counts a command that answered an error.
func (s *Stats) failed(spec *Spec, text string) {
	if spec.ID >= len(s.specs) {
		s.grow(spec.ID)
	}
	s.specs[spec.ID].Failed++
	s.countError(text, spec.Group == GroupScripting)
}

// grow makes room for commands that were registered after the statistics were made.
func (s *Stats) grow(id int) {
	s.specs = append(s.specs, make([]SpecStats, id+1-len(s.specs))...)
}

// wasSlow is the slow path of ran.
func (s *Stats) wasSlow(c *Client, spec *Spec, args [][]byte, ns int64) {
	env := c.Env
	if ns >= s.slowlog && spec.Flags&SkipSlowlog == 0 {
		env.Slowlog.add(c, args, ns)
	}
	if ns >= s.latency {
		event := "command"
		if spec.Flags&Fast != 0 {
			event = "fast-command"
		}
		env.Latency.Add(event, ns/1e6, env.Keys.Now)
	}
}

// rejected counts a command that was refused before it ran. spec is nil for an unknown command.
func (s *Stats) rejected(spec *Spec, text string) {
	if spec != nil {
		if spec.ID >= len(s.specs) {
			s.grow(spec.ID)
		}
		s.specs[spec.ID].Rejected++
	}
	s.countError(text, false)
}

// countError counts an error reply under the first word of its text. own says that it may be a script's own.
func (s *Stats) countError(text string, own bool) {
	s.ErrorReplies++
	code, _, found := strings.Cut(text, " ")
	if !found {
		code = "ERR"
	}
	if _, ok := s.errors[code]; !ok && own && len(s.errors) >= maxErrorKinds {
		code = moreErrors
	}
	s.errors[strings.Clone(code)]++
}

// Of returns the counts of a command.
func (s *Stats) Of(spec *Spec) *SpecStats {
	if spec.ID >= len(s.specs) {
		s.grow(spec.ID)
	}
	return &s.specs[spec.ID]
}

// ErrorCount is a row of the errors by prefix.
type ErrorCount struct {
	Code  string
	Count int64
}

// Errors returns the error replies by prefix, in alphabetical order.
func (s *Stats) Errors() []ErrorCount {
	list := make([]ErrorCount, 0, len(s.errors))
	for code, n := range s.errors {
		list = append(list, ErrorCount{code, n})
	}
	slices.SortFunc(list, func(a, b ErrorCount) int { return cmp.Compare(a.Code, b.Code) })
	return list
}

// Reset sets everything to zero (CONFIG RESETSTAT).
func (s *Stats) Reset(env *Env) {
	s.ResetLatency(env)
	rates := s.rates
	rates[RateCommands].last, rates[RateTurns].last = 0, 0
	rates[RateTurnMicros].last, rates[RateTurnMicros].base = 0, 0
	*s = Stats{
		specs: s.specs, errors: map[string]int64{}, rates: rates, Memory: s.Memory,
		slow: s.slow, slowlog: s.slowlog, latency: s.latency, tracking: s.tracking,
	}
	s.netIn, s.netOut = env.Ops.Net()
	clear(s.specs)
}

// NetTotals returns the bytes read and written since the last Reset.
func (s *Stats) NetTotals(env *Env) (in, out int64) {
	in, out = env.Ops.Net()
	return in - s.netIn, out - s.netOut
}

// ResetLatency forgets the latency histograms of all commands.
func (s *Stats) ResetLatency(env *Env) {
	for i := range s.specs {
		s.specs[i].Latency.free(env.Keys.Arena)
	}
}

// CommandNanos returns the time that all commands took.
func (s *Stats) CommandNanos() (n int64) {
	for i := range s.specs {
		n += s.specs[i].Nanos
	}
	return n
}
