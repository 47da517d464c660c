package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type options struct {
	only                   string
	noSkip, large, verbose bool
	timeout                time.Duration
}

// result counts the lines that runtest prints.
type result struct {
	passed, failed, skipped int
	failures                []string // one per failure, with the suite's explanation
	stale                   []string // rows of skip.txt that skipped nothing
	took                    time.Duration
}

func (r *result) add(o result) {
	r.passed += o.passed
	r.failed += o.failed
	r.skipped += o.skipped
	r.failures = append(r.failures, o.failures...)
	r.stale = append(r.stale, o.stale...)
}

func (r *result) print(o *options, name string) {
	fmt.Printf("%-28s %4d passed %4d failed %4d skipped %6.1f s\n", name, r.passed, r.failed, r.skipped, r.took.Seconds())
}

// runFile runs one file of the suite in the workspace ws. Behind the name of a file may stand --tls: its clients then speak
// TLS.
func runFile(o *options, ws string, baseport, ports int, name string, skips []skip) (r result, err error) {
	args := []string{
		"--single", name, "--clients", "1", "--durable", "--dont-pre-clean",
		"--baseport", strconv.Itoa(baseport + 40), "--portcount", strconv.Itoa(ports - 40),
		"--timeout", strconv.Itoa(int(o.timeout.Seconds())),
		"--no-latency", // what took long on a busy machine says nothing about the server: make bench measures
	}
	name, flag, _ := strings.Cut(name, " ")
	args[1] = name
	if flag == "--tls" {
		if err := makeCertificates(ws); err != nil {
			return r, err
		}
		args = append(args, flag)
	}
	if o.large {
		args = append(args, "--large-memory")
	}
	if o.only != "" {
		args = append(args, "--only", o.only)
	}
	used := map[string]bool{}
	var mine []skip
	for _, s := range skips {
		if s.file != name {
			continue
		}
		mine = append(mine, s)
		if tag, ok := s.tag(); ok {
			args = append(args, "--tags", "-"+tag)
		} else {
			args = append(args, "--skiptest", s.test)
		}
	}

	cmd := exec.Command("sh", append([]string{"./runtest"}, args...)...)
	cmd.Dir = ws
	cmd.Env = append(os.Environ(), "TERM=dumb")
	// The suite's servers stay in this process group, so that none outlives its file.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return r, err
	}
	cmd.Stderr = cmd.Stdout
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return r, err
	}
	killGroup := func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	late := time.AfterFunc(o.timeout, killGroup)
	log, err := os.Create(filepath.Join(ws, strings.ReplaceAll(name, "/", "-")+".log"))
	if err != nil {
		killGroup()
		return r, err
	}
	defer log.Close()

	sc := bufio.NewScanner(out)
	sc.Buffer(nil, 1<<26)
	p := parser{r: &r, o: o, name: name, used: used, mine: mine}
	for sc.Scan() {
		fmt.Fprintln(log, sc.Text())
		p.line(sc.Text())
	}
	err = cmd.Wait()
	inTime := late.Stop()
	killGroup()
	r.took = time.Since(began)
	switch {
	case !inTime:
		r.failed++
		r.failures = append(r.failures, fmt.Sprintf("%s: did not end in %v; the last test begun after %q", name, o.timeout, p.last))
	case err != nil && r.failed == 0:
		r.failed++
		r.failures = append(r.failures, fmt.Sprintf("%s: runtest: %v after %q", name, err, p.last))
	}
	for _, s := range mine {
		if !used[s.test] && inTime && o.only == "" {
			r.stale = append(r.stale, s.String())
		}
	}
	return r, nil
}

// parser counts. An [err] or [exception] line opens an explanation that runs until the next bracketed line.
type parser struct {
	r    *result
	o    *options
	name string
	used map[string]bool
	mine []skip
	last string // the latest test that ended
	open bool   // lines belong to the latest failure
}

var statusLine = regexp.MustCompile(`^\[(ok|err|skip|ignore|exception|ready|testing|TIMEOUT|\d+/\d+ done)\]:? ?(.*)$`)

func (p *parser) line(line string) {
	if p.o.verbose {
		fmt.Println(line)
	}
	m := statusLine.FindStringSubmatch(line)
	if m == nil {
		if strings.Contains(line, "The End") {
			p.open = false
		}
		if n := len(p.r.failures); p.open && n > 0 && len(p.r.failures[n-1]) < 2000 {
			p.r.failures[n-1] += "\n    " + line
		}
		return
	}
	p.open = false
	switch m[1] {
	case "ok":
		p.r.passed++
		p.last = m[2]
	case "skip":
		p.r.skipped++
		p.markUsed(m[2])
	case "ignore":
		p.r.skipped++
		for _, s := range p.mine {
			if tag, ok := s.tag(); ok && strings.Contains(m[2], "Tag: "+tag+" denied") {
				p.used[s.test] = true
			}
		}
	case "err", "exception", "TIMEOUT":
		p.r.failed++
		p.r.failures = append(p.r.failures, p.name+": "+m[2])
		p.open = true
	}
}

func (p *parser) markUsed(test string) {
	for _, s := range p.mine {
		if s.test == test {
			p.used[s.test] = true
		} else if re, ok := strings.CutPrefix(s.test, "/"); ok {
			if hit, _ := regexp.MatchString(re, test); hit {
				p.used[s.test] = true
			}
		}
	}
}
