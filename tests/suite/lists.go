package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// skip is one row of skip.txt: `file | test | reason`. The test is a name, a pattern if it begins with /, or `tag:x`
// for everything that the suite tags with x (whole blocks, with the servers that they start).
type skip struct{ file, test, reason string }

func (s skip) tag() (string, bool) { return strings.CutPrefix(s.test, "tag:") }

func (s skip) String() string { return s.file + " | " + s.test }

func readLines(path string, each func(line string) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	for n := 1; sc.Scan(); n++ {
		line := strings.TrimSpace(sc.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if err := each(line); err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
	return sc.Err()
}

func readFiles(path string) (files []string, err error) {
	err = readLines(path, func(line string) error {
		files = append(files, line)
		return nil
	})
	return files, err
}

func readSkips(path string) (skips []skip, err error) {
	err = readLines(path, func(line string) error {
		first, last := strings.Index(line, " | "), strings.LastIndex(line, " | ")
		if first == last {
			return fmt.Errorf("want `file | test | reason`, got %q", line)
		}
		skips = append(skips, skip{line[:first], line[first+3 : last], line[last+3:]})
		return nil
	})
	return skips, err
}
