package mem

import "fmt"

//go:generate go run ./gen -o classes.txt

// ClassInfo describes a size class for people.
type ClassInfo struct {
	Size      int     // usable bytes
	Spacing   int     // distance to the class below
	SlabBytes int     // length of a slab; 0 for a large class
	Regions   int     // regions of a slab; 0 for a large class
	Tail      int     // bytes of a slab, or of a large region's pages, that are in no region
	Waste     float64 // worst share of a region's bytes that its request leaves over, its part of the tail included
	Metadata  float64 // record and page map per byte of slab or large region
}

// ClassTable returns the size classes of a profile up to limit bytes. It does not touch the classes in force.
func ClassTable(p Profile, limit int) []ClassInfo {
	t := makeClasses(p)
	var out []ClassInfo
	for below := 0; ; {
		c := ClassInfo{}
		pageBytes, regions := 0, 1
		if n := below + 1; n <= t.smallMax {
			s := t.slabs[t.lookup[(n+unitBytes-1)/unitBytes]]
			c.Size, c.Regions, regions = int(s.size), int(s.regions), int(s.regions)
			pageBytes = int(s.pages) << pageShift
			c.SlabBytes = pageBytes
		} else {
			c.Size = largeUsable(p, n)
			pageBytes = int(largePages(c.Size)) << pageShift
		}
		if c.Size > limit {
			return out
		}
		c.Spacing = c.Size - below
		c.Tail = pageBytes - regions*c.Size
		each := float64(pageBytes) / float64(regions)
		c.Waste = (each - float64(below+1)) / each
		c.Metadata = float64(recordLines(regions)*lineSize+pageBytes/pageSize*4) / float64(pageBytes)
		out = append(out, c)
		below = c.Size
	}
}

// AppendClassTable appends the size classes of a profile up to limit bytes, as a table.
func AppendClassTable(dst []byte, p Profile, limit int) []byte {
	dst = fmt.Appendf(dst, "%s\n%10s %8s %8s %8s %6s %7s %9s\n", p, "size", "spacing", "slab", "regions", "tail", "waste", "metadata")
	for _, c := range ClassTable(p, limit) {
		slab, regions := "-", "-"
		if c.Regions != 0 {
			slab, regions = fmt.Sprintf("%d KiB", c.SlabBytes>>10), fmt.Sprint(c.Regions)
		}
		dst = fmt.Appendf(dst, "%10d %8d %8s %8s %6d %6.1f%% %8.2f%%\n", c.Size, c.Spacing, slab, regions, c.Tail, c.Waste*100, c.Metadata*100)
	}
	return dst
}

// TableLimit returns how far a printed table of a profile goes: where its classes repeat.
func TableLimit(p Profile) int {
	switch p {
	case ProfileLibc:
		return 1 << 10
	case ProfileTCMalloc:
		return 64 << 10
	}
	return 8 << 20
}
