package config

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var rewriteDoc = flag.Bool("rewrite", false, "write docs/config.md from the table")

func TestDocIsCurrent(t *testing.T) {
	if *rewriteDoc {
		if err := os.WriteFile("../../docs/config.md", []byte(Doc()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile("../../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(b) != Doc() {
		t.Error("docs/config.md is not what the table says: run go generate ./internal/config")
	}
}

// Each row says what it does, in a sentence, and nothing twice.
func TestRowsAreDescribed(t *testing.T) {
	seen := map[string]string{}
	for _, d := range Directives() {
		if !strings.HasSuffix(d.Doc, ".") || len(d.Doc) < 15 {
			t.Errorf("%s: %q is no sentence", d.Name, d.Doc)
		}
		if other, ok := seen[d.Doc]; ok {
			t.Errorf("%s and %s have the same description", d.Name, other)
		}
		seen[d.Doc] = d.Name
		if d.Affects == "" {
			t.Errorf("%s does not say what a change works on", d.Name)
		}
		if kind, _ := d.Kind.describe(); kind == "" {
			t.Errorf("%s has no type", d.Name)
		}
	}
}
