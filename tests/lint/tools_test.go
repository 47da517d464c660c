package lint

import (
	"os/exec"
	"strings"
	"testing"
)

// tool runs a command at the root. The test fails if it does, and if it is to be silent and prints something; what the go
// command says of modules that it loads first goes to the error output, which tools do not use for what they find.
func tool(t *testing.T, silent bool, name string, args ...string) {
	t.Helper()
	t.Parallel()
	cmd := exec.Command(name, args...)
	cmd.Dir = root
	var out, errors strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errors
	err := cmd.Run()
	if err != nil || silent && out.Len() > 0 {
		t.Errorf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out.String(), errors.String())
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
