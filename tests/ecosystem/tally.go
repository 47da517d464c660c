package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// An outcome of a test.
type outcome uint8

const (
	passed outcome = iota
	broken
	skipped
)

// tally is what the tests of a row came to.
type tally struct {
	verbose  bool
	outcomes map[string]outcome
	printed  map[string][]string // what each test printed, until it has passed
}

func newTally(verbose bool) *tally {
	return &tally{verbose: verbose, outcomes: map[string]outcome{}, printed: map[string][]string{}}
}

// print notes a line that a test printed; "" stands for none in particular.
func (t *tally) print(test, line string) {
	if t.verbose {
		fmt.Println(line)
	}
	t.printed[test] = append(t.printed[test], line)
}

// end notes how a test ended. A test that ends twice, as one with retries does, has the worse of the two outcomes.
func (t *tally) end(test string, o outcome) {
	if was, seen := t.outcomes[test]; seen && was == broken {
		return
	}
	t.outcomes[test] = o
}

func (t *tally) count(o outcome) (n int) {
	for _, is := range t.outcomes {
		if is == o {
			n++
		}
	}
	return n
}

// place is how a test of Go says where something is wrong.
var place = regexp.MustCompile(`^ +(\w+_test\.go:\d+): `)

// places returns the lines at which a test said that something is wrong, each once.
func (t *tally) places(test string) (at []string) {
	for _, line := range t.printed[test] {
		if m := place.FindStringSubmatch(line); m != nil && !slices.Contains(at, m[1]) {
			at = append(at, m[1])
		}
	}
	return at
}

// isKnown reports whether a test failed as it is expected to.
func (t *tally) isKnown(test string, expected map[string]failure) bool {
	f, listed := expected[test]
	return listed && t.outcomes[test] == broken && slices.Equal(t.places(test), f.at)
}

// known returns how many tests failed as they are expected to.
func (t *tally) known(expected map[string]failure) (n int) {
	for test := range expected {
		if t.isKnown(test, expected) {
			n++
		}
	}
	return n
}

// problems returns what has to be looked at: tests that failed, with the end of what they printed, and tests that were expected
// to fail and did not, or not as expected.
func (t *tally) problems(expected map[string]failure) (list []string) {
	const most = 40
	for test, o := range t.outcomes {
		if o != broken || t.isKnown(test, expected) {
			continue
		}
		lines := t.printed[test]
		if len(lines) > most {
			lines = lines[:most]
		}
		list = append(list, test+"\n"+strings.Join(lines, "\n"))
	}
	for test, f := range expected {
		if o, ran := t.outcomes[test]; !ran || o != broken {
			list = append(list, fmt.Sprintf("%s is said to fail (%s), and does not", test, f.why))
		}
	}
	if len(t.outcomes) == 0 {
		list = append(list, "nothing was run\n"+strings.Join(t.printed[""], "\n"))
	}
	slices.Sort(list)
	return list
}
