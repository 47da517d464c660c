// Package commandtest runs commands without a server and without a socket, for the unit tests of command families.
//
//	s := commandtest.New(t, strings.Register)
//	s.Is("+OK", "SET", "k", "v")
//	s.Is("$1 v", "GET", "k")
//
// A Session has a keyspace, a configuration with all defaults and one client that writes into a Go slice. It records what
// a reply does not show: keyspace events, effects for replicas and the AOF, and the count of changes. When the test ends
// it checks the keyspace, empties it, and fails the test if memory of the data set is still in use.
package commandtest

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/internal/command"
	"granary/internal/config"
	"granary/internal/invariants"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/prefix"
	"granary/internal/resp"
)

// Session is a client of a server that is not there.
type Session struct {
	T      testing.TB
	Env    *command.Env
	Client *command.Client
	Out    *resp.Buffer
	Ops    *Ops

	// Events are the keyspace events since the last Reset, as "set k".
	Events []string
	// Effects are what replicas would be sent since the last Reset, arguments joined by blanks. They are recorded after
	// Feed was called.
	Effects []string

	arena *mem.Arena
	args  [][]byte
	done  int // commands
}

// New returns a session for the commands that the families register.
func New(t testing.TB, families ...func(*command.Table)) *Session {
	t.Helper()
	cfg := config.New()
	a := mem.NewArena("test")
	table := command.NewTable()
	for _, register := range families {
		register(table)
	}
	s := &Session{T: t, arena: a, Out: resp.NewBuffer()}
	s.Env = &command.Env{
		Table:   table,
		Keys:    keyspace.New(a, int(cfg.Databases)),
		Config:  cfg,
		Clients: command.NewRegistry(),
		Stats:   command.NewStats(table, cfg),
		Slowlog: command.NewSlowlog(a, cfg),
		Latency: command.NewLatency(a),
		ACL:     command.NewACL(table, cfg),
		RunID:   strings.Repeat("0", 40),
		Saves:   command.Saves{Seconds: -1},

		TaskSlice: time.Minute, // nobody else waits: what MEMORY DEAD and the like do is done when they answer
	}
	s.Ops = &Ops{Env: s.Env, Log: command.AOFReport{Seconds: -1, Synced: -1}}
	s.Env.Ops, s.Env.Saver = s.Ops, s.Ops
	s.Env.Keys.Events = 1<<15 - 1
	s.Env.Keys.SetPrefixes(everyByte, 4096)
	s.Env.OpenPubSub()
	s.Env.Keys.Hooks.Event = func(_ keyspace.Class, event string, key []byte, _ int) {
		s.Events = append(s.Events, event+" "+string(key))
	}
	s.Env.BeginTurn()
	s.Client = command.NewClient(s.Env, s.Env.Clients.NextID(), nil, &s.Out.Writer)
	s.Client.Authenticated = true
	t.Cleanup(s.end)
	return s
}

// Where invariants are checked, defragUnits units of compaction follow every defragEvery-th command.
const (
	defragUnits = 10
	defragEvery = 16
)

// everyByte gives the first bytes of a key a prefix each, so that most keys of a test have a row of their own: the end of
// every test finds what was entered for the wrong key.
var everyByte = prefix.Split{Depth: prefix.MaxDepth}

// end checks that the data is sound, and that nothing of it stays when it is deleted.
func (s *Session) end() {
	s.Check()
	ks := s.Env.Keys
	ks.FlushAll(false)
	for !ks.Reclaim(time.Now().Add(time.Second)) {
	}
	for p := range mem.NumPurposes {
		if tally := s.arena.Books().Purposes[p]; mem.Purpose(p).Info().Keyspace && tally.Count != 0 {
			s.T.Errorf("%d bytes in %d allocations of %s left behind", tally.Requested, tally.Count, mem.Purpose(p))
		}
	}
	ks.NoPrefixes()
}

// Check fails the test if the keyspace breaks an invariant.
func (s *Session) Check() {
	s.T.Helper()
	if err := s.Env.Keys.Check(); err != nil {
		s.T.Error(err)
	}
}

// Do runs one command and returns the raw reply.
func (s *Session) Do(args ...string) string {
	s.args = s.args[:0]
	for _, a := range args {
		s.args = append(s.args, []byte(a))
	}
	s.Out.Reset()
	s.Client.Do(s.args...)
	if s.done++; invariants.Enabled && s.done%defragEvery == 0 {
		s.Env.Keys.DefragUnits(defragUnits, true) // whatever refers to what has moved is found
	}
	if n := s.Env.Keys.Unsettled(); n != 0 {
		s.T.Errorf("%.200q: %d bytes were entered for no key", args, n)
	}
	return s.Out.String()
}

// Is fails the test unless the command's reply reads as want (see Show).
func (s *Session) Is(want string, args ...string) {
	s.T.Helper()
	if got := Show(s.Do(args...)); got != want {
		s.T.Errorf("%.200q: got %.300s, want %.300s", args, got, want)
	}
}

// IsError fails the test unless the command answers that error.
func (s *Session) IsError(want string, args ...string) {
	s.T.Helper()
	s.Is("-"+want, args...)
}

// Proto chooses the protocol, 2 or 3.
func (s *Session) Proto(version uint8) { s.Out.Proto = version }

// Feed begins to record effects.
func (s *Session) Feed() { s.Env.AddFeed((*feed)(s)) }

type feed Session

// Append implements command.Feed. What is for replicas alone is left out, and MULTI and EXEC, which are about how effects
// are sent.
func (f *feed) Append(db int, args [][]byte, to command.Target) {
	if db < 0 || to&command.ToFile == 0 {
		return
	}
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = string(a)
	}
	f.Effects = append(f.Effects, strings.Join(words, " "))
}

// Reset forgets events and effects.
func (s *Session) Reset() { s.Events, s.Effects = nil, nil }

// Dirty returns the count of changes since the beginning.
func (s *Session) Dirty() int64 { return s.Env.Keys.Stats.Dirty }

// HasEvents fails the test unless these events, and no others, came since the last Reset; then it resets.
func (s *Session) HasEvents(want ...string) {
	s.T.Helper()
	if !slices.Equal(s.Events, want) {
		s.T.Errorf("events are %q, want %q", s.Events, want)
	}
	s.Reset()
}

// HasEffects fails the test unless these effects, and no others, were fed since the last Reset; then it resets.
func (s *Session) HasEffects(want ...string) {
	s.T.Helper()
	if !slices.Equal(s.Effects, want) {
		s.T.Errorf("effects are %q, want %q", s.Effects, want)
	}
	s.Reset()
}

// Show writes a raw reply in one line that is easy to read in a test: "+OK", "-ERR ...", ":1", "$5 hello", "$-1",
// "[:1 $1 a]" for an array, "{...}" for a map, "~[...]" for a set, ">[...]" for a push, and other types as they are.
func Show(raw string) string {
	var b strings.Builder
	rest, err := show(&b, raw)
	if err != nil {
		return fmt.Sprintf("malformed reply %q: %v", raw, err)
	}
	for rest != "" {
		b.WriteString(" | ")
		if rest, err = show(&b, rest); err != nil {
			return fmt.Sprintf("malformed reply %q: %v", raw, err)
		}
	}
	return b.String()
}

// frames says how aggregates are written: the brackets, and how many elements one unit of length has.
var frames = map[byte]struct {
	open, end string
	each      int
}{
	'*': {"[", "]", 1}, '%': {"{", "}", 2}, '~': {"~[", "]", 1}, '>': {">[", "]", 1}, '|': {"|{", "}", 2},
}

func show(b *strings.Builder, raw string) (rest string, err error) {
	line, rest, ok := strings.Cut(raw, "\r\n")
	if !ok || line == "" {
		return "", io.ErrUnexpectedEOF
	}
	frame, aggregate := frames[line[0]]
	if !aggregate && line[0] != '$' && line[0] != '=' && line[0] != '!' {
		b.WriteString(line)
		return rest, nil
	}
	n, err := strconv.Atoi(line[1:])
	if err != nil {
		return "", err
	}
	if n < 0 {
		b.WriteString(line)
		return rest, nil
	}
	if !aggregate {
		if len(rest) < n+2 || rest[n:n+2] != "\r\n" {
			return "", io.ErrUnexpectedEOF
		}
		b.WriteString(line[:1] + strconv.Itoa(n) + " " + rest[:n])
		return rest[n+2:], nil
	}
	b.WriteString(frame.open)
	for i := range n * frame.each {
		if i > 0 {
			b.WriteByte(' ')
		}
		if rest, err = show(b, rest); err != nil {
			return "", err
		}
	}
	b.WriteString(frame.end)
	return rest, nil
}
