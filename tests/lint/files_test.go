package lint

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	explainAbove = 800  // lines; listed, and the file says why at its top
	neverAbove   = 1200 // lines
)

// banned are words that no file of the repository holds: marks of unfinished work, and paths of one machine.
var banned = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X+)\b|(?i:not ` + `implemented)|/home/[a-z]|/ro` + `ot/|/wo` + `rk/|/tmp/g` + `/`)

// trackedFiles lists what git knows and has not deleted, text files only.
func trackedFiles(t *testing.T) []string {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("not a git checkout: %v", err)
	}
	var files []string
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		switch filepath.Ext(name) {
		case ".go", ".md", ".txt", ".mod", ".sh", ".yml", "":
			files = append(files, name)
		}
	}
	return files
}

func TestFiles(t *testing.T) {
	for _, name := range trackedFiles(t) {
		b, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.Count(b, []byte("\n"))
		if strings.HasSuffix(name, ".go") && !bytes.HasPrefix(b, []byte("// Code generated")) {
			switch {
			case lines > neverAbove:
				t.Errorf("%s has %d lines; the limit is %d", name, lines, neverAbove)
			case lines > explainAbove:
				t.Logf("%s has %d lines", name, lines)
			}
		}
		if strings.Contains(name, "testdata/fuzz/") {
			continue
		}
		for i, line := range bytes.Split(b, []byte("\n")) {
			if m := banned.Find(line); m != nil {
				t.Errorf("%s:%d holds %q", name, i+1, m)
			}
		}
	}
}
