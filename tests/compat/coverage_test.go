package compat

import (
	"math/rand/v2"
	"strings"
	"testing"

	"granary/tests/live"
)

// TestEveryCommand demands that histories call every command and subcommand that the server has, or say why not.
func TestEveryCommand(t *testing.T) {
	granary, err := live.GranaryPath()
	if err != nil {
		t.Fatal(err)
	}
	s := live.NeedStart(t, "granary", granary)
	c, err := s.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	list, err := c.Do("COMMAND", "LIST")
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Elems) == 0 {
		t.Fatalf("no commands: %v", list)
	}
	have := map[string]bool{}
	containers := map[string]bool{}
	for _, e := range list.Elems {
		name := strings.ToLower(e.Str)
		have[name] = true
		if container, _, ok := strings.Cut(name, "|"); ok {
			containers[container] = true
		}
	}
	called := calledNames(t)
	for name := range have {
		reason := notInHistories[name]
		switch {
		case called[name] && reason != "":
			t.Errorf("%s is called, though it is said not to be: %s", name, reason)
		case !called[name] && reason == "" && !containers[name]:
			t.Errorf("%s is not called: it needs a row, or a reason in notInHistories", name)
		}
	}
	for name := range notInHistories {
		if !have[name] {
			t.Errorf("%s is excused, but not a command", name)
		}
	}
}

// calledNames are the names that begin the commands of the grammar, alone and with the second word.
func calledNames(t *testing.T) map[string]bool {
	w, err := parseFamilies("")
	if err != nil {
		t.Fatal(err)
	}
	g := &generator{rng: rand.New(rand.NewPCG(1, 2)), ms: 1}
	called := map[string]bool{}
	for i := range w.trees {
		for range 300 {
			g.flat, g.ends = g.flat[:0], g.ends[:0]
			g.emit(&w.trees[i])
			args := command{raw: g.appendRESP(nil)}.args()
			name := strings.ToLower(args[0])
			called[name] = true
			if len(args) > 1 {
				called[name+"|"+strings.ToLower(args[1])] = true
			}
		}
	}
	return called
}
