package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"granary/internal/history"
)

// runHistory is `granary memory-history`: it prints the file that the flight recorder of a server left, or of a server that
// runs is writing. It returns the exit code.
func runHistory(args []string, stdout, stderr io.Writer) int {
	f := flag.NewFlagSet("memory-history", flag.ContinueOnError)
	f.SetOutput(stderr)
	seconds := f.Bool("seconds", false, "print a row for each of the last seconds")
	minutes := f.Bool("minutes", false, "print a row for each of the last minutes")
	jumps := f.Bool("jumps", false, "print only what made memory jump, and starts and ends of servers")
	from := f.Int64("from", 0, "Unix time of the first record; negative: seconds before the end of the file")
	to := f.Int64("to", 0, "Unix time of the last record; negative: seconds before the end of the file")
	lines := f.String("lines", "", "names or patterns of lines, separated by commas (default: the totals)")
	count := f.Int("count", 60, "print so many records, the last ones; 0: all")
	asJSON := f.Bool("json", false, "print JSON, an object to a line, with all lines if -lines does not say which")
	f.Usage = func() {
		fmt.Fprintf(stderr, "Usage: granary memory-history [options] FILE\n\n"+
			"Prints the memory history of a server, which may be gone: without options the peaks of all lines and the last jumps.\n\n")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return 2
	}
	if f.NArg() != 1 || *seconds && *minutes {
		f.Usage()
		return 2
	}
	saved, err := history.Load(f.Arg(0))
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	out := bufio.NewWriter(stdout)
	defer out.Flush()
	q := history.Query{Jumps: *jumps, Count: *count}
	if *minutes {
		q.Ring = history.RingMinutes
	}
	end := saved.Span(q.Ring).To
	q.From, q.To = fileTime(*from, end, 0), fileTime(*to, end, 999)
	if !*seconds && !*minutes && !*jumps && !*asJSON {
		history.Summary(out, saved, f.Arg(0)+", times in "+time.Now().Format("MST"))
		return 0
	}
	names := saved.Lines()
	columns, bad := chooseLines(names, *lines, *asJSON)
	if bad != "" {
		fmt.Fprintf(stderr, "no line matches %s\n", bad)
		return 1
	}
	if *asJSON {
		if err := history.JSON(out, saved, q, columns); err != nil {
			fmt.Fprintln(stderr, err)
			return 1
		}
		return 0
	}
	history.Table(out, saved, q, columns)
	return 0
}

// fileTime turns Unix seconds, or seconds before the end, into milliseconds; 0 stays 0.
func fileTime(t, end, rest int64) int64 {
	switch {
	case t == 0:
		return 0
	case t < 0:
		return max(1, end+t*1000)
	}
	return t*1000 + rest
}

// chooseLines returns the columns that patterns match. bad is a pattern that matches none.
func chooseLines(names []string, patterns string, all bool) (columns []int, bad string) {
	if patterns == "" && !all {
		return history.Totals(names), ""
	}
	if patterns == "" {
		patterns = "*"
	}
	for p := range strings.SplitSeq(patterns, ",") {
		any := false
		for i, name := range names {
			if ok, _ := path.Match(p, name); ok {
				columns, any = append(columns, i), true
			}
		}
		if !any {
			return nil, p
		}
	}
	return columns, ""
}

// isTool tells whether the command line asks for a tool, and not for a server with a file of that name.
func isTool(name string, args []string) bool {
	if len(args) == 0 || args[0] != name {
		return false
	}
	_, err := os.Stat(args[0])
	return len(args) > 1 || err != nil
}
