package server

import (
	"os"
	"testing"

	"granary/internal/command"
)

// TestHalfLoaded checks that nobody is served what was loaded of a file that cannot be loaded.
func TestHalfLoaded(t *testing.T) {
	s := startTest(t, 1)
	if err := os.WriteFile(s.rdbPath(), []byte("REDIS0009\xfe\x00\x00\x01a\x011\x00\x01b"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := s.loadData()
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.env.Keys.DBs[0].Len(); err == nil || n != 1 {
		t.Errorf("of a file that ends in its second key %d keys are there, error %v", n, err)
	}
	if s.env.Gate&command.GateLoading == 0 {
		t.Error("clients are served")
	}
	s.env.Gate &^= command.GateLoading
	s.env.Keys.FlushAll(false)
}

// TestEndBeforeLoading checks that a server that is asked to end before it has loaded its data, or while it does, saves nothing.
func TestEndBeforeLoading(t *testing.T) {
	s, err := open(testConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	const text = "what is there"
	if err := os.WriteFile(s.rdbPath(), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, how := range []command.ShutdownFlags{0, command.ShutdownSave, command.ShutdownForce} {
		if err := s.lastSave(how); err != nil {
			t.Error(err)
		}
	}
	if b, err := os.ReadFile(s.rdbPath()); err != nil || string(b) != text || len(s.cfg.Save) == 0 {
		t.Errorf("the file is %q (%v)", b, err)
	}
}
