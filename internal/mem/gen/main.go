// Command gen prints the size classes of every allocator profile: spacing, slab, regions, tail, the worst waste of a
// request, and what the class costs in metadata.
//
//	go run ./internal/mem/gen [-o file] [-profile name] [-limit bytes]
package main

import (
	"flag"
	"fmt"
	"os"

	"granary/internal/mem"
)

func main() {
	out := flag.String("o", "", "write to `file` instead of standard output")
	profile := flag.String("profile", "", "only this profile")
	limit := flag.Int("limit", 0, "largest class in `bytes` (0: 8 MiB; libc 1 KiB, whose classes are 16 apart up to 14 KiB)")
	flag.Parse()
	if err := run(*out, *profile, *limit); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(out, profile string, limit int) error {
	var text []byte
	for i := range mem.NumProfiles {
		p := mem.Profile(i)
		if profile != "" && profile != p.String() {
			continue
		}
		to := limit
		if to == 0 {
			to = mem.TableLimit(p)
		}
		if len(text) > 0 {
			text = append(text, '\n')
		}
		text = mem.AppendClassTable(text, p, to)
	}
	if len(text) == 0 {
		return fmt.Errorf("no profile %q", profile)
	}
	if out != "" {
		return os.WriteFile(out, text, 0o644)
	}
	_, err := os.Stdout.Write(text)
	return err
}
