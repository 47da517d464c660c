package config

import (
	"sort"
	"strings"

	"granary/internal/glob"
)

// A Pair is a directive by the name it was asked for, and its value.
type Pair struct {
	Name, Value string
}

// Value returns the value of one directive in the form CONFIG GET answers.
func (c *Config) Value(d *Directive) string { return d.Kind.get(&c.Values) }

// Get answers CONFIG GET: every directive that one of the patterns matches, by name and by alias, once, in the
// order of the names. Hidden directives match only their full name. A name without wildcards is answered
// in the case it was asked for.
func (c *Config) Get(patterns ...string) []Pair {
	found := map[string]Pair{}
	for _, p := range patterns {
		if !strings.ContainsAny(p, "*?[") {
			name := strings.ToLower(p)
			if _, have := found[name]; !have {
				if d := Lookup(name); d != nil {
					found[name] = Pair{p, c.Value(d)}
				}
			}
			continue
		}
		for _, d := range table {
			if d.Flags&Hidden != 0 {
				continue
			}
			for _, name := range []string{d.Name, d.Alias} {
				if _, have := found[name]; name != "" && !have && glob.Match([]byte(p), []byte(name), true) {
					found[name] = Pair{name, c.Value(d)}
				}
			}
		}
	}
	pairs := make([]Pair, 0, len(found))
	for _, p := range found {
		pairs = append(pairs, p)
	}
	sort.Slice(pairs, func(i, j int) bool { return pairs[i].Name < pairs[j].Name })
	return pairs
}
