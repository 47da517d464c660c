package ledger

import (
	"bytes"
	"os"
	"reflect"

	"granary/internal/mem"
)

// What the kernel holds for the process, by what it is mapped for. The mappings are read from /proc/self/maps, and which of
// their pages are there from /proc/self/pagemap. The address range of the data set is left to mem.Survey, which can be
// interrupted; all others together are a few megabytes.
//
//	mapping                                            line
//	the program's file, not writable                   program
//	the program's file, writable, and what follows it  program-data
//	another file, [stack], [heap], [vdso]              libraries
//	anonymous, where the Go heap is                    go-idle, go-stacks, go-unused, go-objects, in the order in which they fill it
//	anonymous, elsewhere                               go-runtime
//	the allocator's records and page map               metadata

// resident is what was found, in bytes.
type resident struct {
	ok       bool
	program  int64
	data     int64
	system   int64
	heap     int64 // unknown: more than is looked at
	runtime  int64
	metadata int64 // likewise
	file     int64 // all pages of files, by the kernel's own count when the mappings were looked at
}

// mapPages is the most pages of one mapping that are looked at: 128 MiB, which take half a millisecond. For a Go heap larger
// than that the runtime's own figures stand, for records the books.
const mapPages = 1 << 15

// unknown is more than there can be.
const unknown = 1 << 60

// heapReach is how far from an object of the Go heap a mapping may lie to be taken for heap: the runtime asks for
// neighbouring addresses, and the kernel places everything else far away.
const heapReach = 1 << 38

// onHeap is an object of the Go heap.
var onHeap = new([64]byte)

// kernel looks at the mappings.
type kernel struct {
	maps *os.File // nil where there is none
	exe  []byte
	text []byte // room for the mappings
	heap uintptr
	last resident
}

func (k *kernel) open() {
	k.maps, _ = os.Open("/proc/self/maps")
	exe, _ := os.Readlink("/proc/self/exe")
	k.exe = []byte(exe)
	k.text = make([]byte, 64<<10)
	k.heap = reflect.ValueOf(onHeap).Pointer()
}

// read returns the text of the mappings, nil if the kernel does not tell.
func (k *kernel) read() []byte {
	if k.maps == nil {
		return nil
	}
	n := 0
	for { // the kernel gives a page at a time
		if n == len(k.text) {
			k.text = append(k.text, make([]byte, len(k.text))...)
		}
		m, err := k.maps.ReadAt(k.text[n:], int64(n))
		n += m
		if err != nil || m == 0 {
			return k.text[:n]
		}
	}
}

// look finds out what is resident.
func (k *kernel) look(v *mem.Survey) {
	var r resident
	space, records, pageMap := mem.Spans()
	text := k.read()
	var dataEnd uintptr // where the program's variables end so far
	r.ok = len(text) > 0
	for len(text) > 0 {
		line := text
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			text = nil
		}
		s, perm, name := parseMapping(line)
		if s.End <= s.Start || bytes.HasPrefix(perm, []byte("---")) || space.Has(s.Start) {
			continue
		}
		heap := bytes.HasPrefix(name, []byte("[anon: Go: heap")) ||
			len(name) == 0 && s.Start != dataEnd && s.Start+heapReach > k.heap && s.Start < k.heap+heapReach
		ours := records.Has(s.Start) || pageMap.Has(s.Start)
		private, file, ok := v.Present(s, mapPages)
		switch {
		case ok:
		case heap, ours:
			private = unknown
		case bytes.HasPrefix(name, []byte("[vsyscall")):
			continue
		default:
			r.ok = false
		}
		n := private + file
		switch {
		case ours:
			r.metadata = min(r.metadata+n, unknown)
		case bytes.Equal(name, k.exe) && perm[1] != 'w':
			r.program += n
		case bytes.Equal(name, k.exe), len(name) == 0 && s.Start == dataEnd:
			r.data += n
			dataEnd = s.End
		case heap:
			r.heap = min(r.heap+n, unknown)
		case len(name) > 0 && !bytes.HasPrefix(name, []byte("[anon: Go")):
			r.system += n
		default:
			r.runtime += n
		}
	}
	k.last = r
}

// parseMapping takes a line of /proc/self/maps apart: addresses, permissions, name.
//
//	00400000-0088a000 r-xp 00000000 fe:00 10274612                           /usr/bin/granary
func parseMapping(line []byte) (s mem.Span, perm, name []byte) {
	from, line := hex(line)
	if len(line) == 0 {
		return s, nil, nil
	}
	to, line := hex(line[1:])
	if len(line) < 5 {
		return s, nil, nil
	}
	s = mem.Span{Start: from, End: to}
	perm, line = line[1:5], line[5:]
	for range 3 { // offset, device, inode
		line = bytes.TrimLeft(line, " ")
		i := bytes.IndexByte(line, ' ')
		if i < 0 {
			return s, perm, nil
		}
		line = line[i:]
	}
	return s, perm, bytes.TrimLeft(line, " ")
}

// hex reads a hexadecimal number from the front of b.
func hex(b []byte) (n uintptr, rest []byte) {
	for i, c := range b {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | uintptr(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | uintptr(c-'a'+10)
		default:
			return n, b[i:]
		}
	}
	return n, nil
}
