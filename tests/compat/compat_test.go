package compat

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"granary/tests/live"
)

var (
	flagCommands = flag.Int("commands", 50_000, "how many random commands")
	flagSeed     = flag.Uint64("seed", 0, "first seed; 0 takes one from the clock")
	flagLength   = flag.Int("length", 2000, "commands per history")
	flagFamilies = flag.String("families", "", "only these families, separated by commas")
	flagNewer    = flag.String("newer", "", "server of a later version whose encodings of collections must be Granary's, too")
	flagFailures = flag.Int("failures", 1, "differences to report before giving up")
)

// TestRandom compares random histories.
func TestRandom(t *testing.T) {
	granary, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	w, err := parseFamilies(*flagFamilies)
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{paths: []string{live.NeedRedis(t), granary}}
	if *flagNewer != "" {
		p.paths = append(p.paths, *flagNewer)
	}
	defer p.stop()
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	p.audit = has(t, p.servers[1], "MEMORY", "AUDIT")
	p.defrag = has(t, p.servers[1], "DEBUG", "DEFRAG", "ALWAYS", "0")
	p.dead = has(t, p.servers[1], "DEBUG", "DEAD", "ALWAYS", "0")
	seed := *flagSeed
	if seed == 0 {
		seed = live.Seed(t)
	}
	t.Logf("seed %d, %d commands", seed, *flagCommands)
	began := time.Now()
	failures := map[string]bool{}
	for done := 0; done < *flagCommands; done += *flagLength {
		n := min(*flagLength, *flagCommands-done)
		proto := 2 + int(seed&1)
		h := w.history(seed, n)
		p.stir, p.reclaim = seed>>1&1 == 1, seed>>2&1 == 1
		if p.reclaim {
			h = withoutApproximate(h)
		}
		d, err := p.run(h, proto)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if d != nil {
			text := report(t, p, h, proto, d)
			if key := failureKey(text); !failures[key] {
				failures[key] = true
				t.Errorf("seed %d, RESP%d:\n%s", seed, proto, text)
			}
			if len(failures) >= *flagFailures {
				t.FailNow()
			}
		}
		seed++
	}
	took := time.Since(began)
	t.Logf("%d commands in %.1f s, %.0f per second; %d of them not compared, after one that had an effect on one side only", *flagCommands,
		took.Seconds(), float64(*flagCommands)/took.Seconds(), p.cut)
}

// failureKey is the last command's name: with -failures above 1, one report per command is enough.
func failureKey(report string) string {
	_, last, _ := strings.Cut(report, "differs:\n> ")
	name, _, _ := strings.Cut(last, " ")
	return strings.ToUpper(name)
}

// report shrinks the history and prints it in the notation of tests/script.
func report(t *testing.T, p *pair, h []command, proto int, first *difference) string {
	t.Logf("a difference, before it is shrunk:\n%v", first)
	short, d, err := shrink(h, func(h []command) (*difference, error) {
		d, err := p.run(h, proto)
		if d != nil && !is(d.args, first.args[0]) {
			return nil, err // another one: this is about the first
		}
		return d, err
	})
	if err != nil {
		t.Fatalf("shrinking: %v\nfirst difference:\n%v", err, first)
	}
	if d == nil {
		return "(not seen a second time) differs:\n" + first.String()
	}
	var b strings.Builder
	for _, c := range short {
		fmt.Fprintf(&b, "> %s\n", live.FormatCommand(c.args()))
	}
	fmt.Fprintf(&b, "differs:\n%s", d)
	return b.String()
}

// has tells whether a server has a command: it is Granary, or an older one.
func has(t *testing.T, s *live.Server, command ...string) bool {
	c, err := s.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := c.Do(command...)
	if err != nil {
		t.Fatal(err)
	}
	return r.Kind != '-'
}

// TestShrink checks the shrinker on a made-up fault: a difference appears once both GETs and the DEL were seen.
func TestShrink(t *testing.T) {
	var h []command
	for range 300 {
		h = append(h, newCommand(exact, "SET", "k", "v"))
	}
	h[17], h[120], h[280] = newCommand(exact, "GET", "a"), newCommand(exact, "GET", "b"), newCommand(exact, "DEL", "a")
	short, d, err := shrink(h, func(h []command) (*difference, error) {
		want := []string{"GET a", "GET b", "DEL a"}
		for i, c := range h {
			if strings.Join(c.args(), " ") == want[0] {
				if want = want[1:]; len(want) == 0 {
					return &difference{at: i}, nil
				}
			}
		}
		return nil, nil
	})
	if err != nil || d == nil || len(short) != 3 {
		t.Fatalf("got %d commands, %v, %v; want the 3 that matter", len(short), d, err)
	}
}

// TestGeneratorRepeats pins that a seed makes the same history every time, and that commands decode to what was encoded.
func TestGeneratorRepeats(t *testing.T) {
	w, err := parseFamilies("")
	if err != nil {
		t.Fatal(err)
	}
	a, b := w.history(42, 3000), w.history(42, 3000)
	for i := range a {
		if string(a[i].raw) != string(b[i].raw) {
			t.Fatalf("command %d differs: %q and %q", i, a[i].raw, b[i].raw)
		}
		if again := live.AppendCommand(nil, a[i].args()...); string(again) != string(a[i].raw) {
			t.Fatalf("command %d decodes to %q, was %q", i, again, a[i].raw)
		}
	}
}
