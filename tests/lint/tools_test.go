package lint

import (
	"os/exec"
	"strings"
	"testing"
)

// tool runs a command at the root and fails the test with what it printed.
func tool(t *testing.T, silent bool, name string, args ...string) {
	t.Helper()
	t.Parallel()
	cmd := exec.Command(name, args...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil || silent && len(strings.TrimSpace(string(out))) > 0 {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func TestVet(t *testing.T) {
	tool(t, false, "go", "vet", "./...")
}

func TestVetInvariants(t *testing.T) {
	tool(t, false, "go", "vet", "-tags=invariants", "./...")
}

func TestStaticcheck(t *testing.T) {
	tool(t, true, "go", "tool", "-modfile=tools/go.mod", "staticcheck", "-checks=inherit,-ST1005", "./...")
}

func TestGofumpt(t *testing.T) {
	tool(t, true, "go", "tool", "-modfile=tools/go.mod", "gofumpt", "-l", "cmd", "internal", "tests")
}
