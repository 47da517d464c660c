package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// auditAt is where the suite's own harness looks for leaks, before it ends a server.
const auditAt = "    # check for leaks\n"

// auditCode asks the server for MEMORY AUDIT there. A difference is an error of the test file. A server that does not answer,
// because it wants a password, speaks TLS or is stopped, is not asked.
const auditCode = `    set audit ""
    for {set try 0} {$try < 3} {incr try} {
        catch {exec timeout 10 src/valkey-cli -h [dict get $config host] -p [dict get $config port] memory audit} audit
        if {![regexp {\ndifference\n([0-9]+)\n} $audit _ difference] || $difference == 0} break
        after 200
    }
    if {[regexp {\ndifference\n([1-9][0-9]*)\n} $audit _ difference]} {
        error "MEMORY AUDIT: difference $difference\n$audit"
    }
`

// addAudit has every server of the suite end with an audit.
func addAudit(ws string) error {
	path := filepath.Join(ws, "tests", "support", "server.tcl")
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text := strings.Replace(string(b), auditAt, auditCode+auditAt, 1)
	if text == string(b) {
		return fmt.Errorf("%s: no place for the audit", path)
	}
	return os.WriteFile(path, []byte(text), 0o644)
}
