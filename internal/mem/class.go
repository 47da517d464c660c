package mem

import "math/bits"

// Profile names a set of size classes: those of the allocator whose books are to be reproduced.
type Profile uint8

// The profiles.
const (
	ProfileJemalloc    Profile = iota // quantum 8, four classes per doubling: packs tightest
	ProfileJemallocQ16                // quantum 16
	ProfileTCMalloc                   // gperftools, 8 KiB pages
	ProfileLibc                       // glibc: chunks of 16 bytes with an 8-byte header
	NumProfiles        = int(ProfileLibc) + 1
)

var profileNames = [NumProfiles]string{"jemalloc", "jemalloc-q16", "tcmalloc", "libc"}

// String returns the name used in the configuration.
func (p Profile) String() string { return profileNames[p] }

// ParseProfile returns the profile with a name.
func ParseProfile(name string) (Profile, bool) {
	for i, s := range profileNames {
		if s == name {
			return Profile(i), true
		}
	}
	return 0, false
}

const (
	// maxSmall bounds the requests served from slabs, in any profile.
	maxSmall = 14<<10 + 8

	// maxSlabPages bounds a slab.
	maxSlabPages = 32

	// firstLarge is the smallest large class; large classes are four per doubling in every profile's books.
	firstLarge    = 16 << 10
	firstLargeLog = 14
	numLarge      = (refBits+unitShift-firstLargeLog)*4 + 1
)

// slabClass describes a size class that is served from slabs.
type slabClass struct {
	size    uint32 // bytes of a region
	pages   uint32 // pages of a slab
	regions uint32 // regions of a slab
	magic   uint64 // 2^32 / (units of a region), rounded up: division by multiplication
}

// classTable is the set of size classes in force. It is written by Open only, while nothing is allocated.
type classTable struct {
	profile  Profile
	smallMax int         // longest request served from slabs
	slabs    []slabClass // ascending
	lookup   [maxSmall/unitBytes + 1]uint16
}

var classes classTable

func setProfile(p Profile) { classes = makeClasses(p) }

// makeClasses generates the size classes of a profile.
func makeClasses(p Profile) (t classTable) {
	t.profile = p
	for _, size := range smallSizes(p) {
		t.slabs = append(t.slabs, makeSlabClass(size))
	}
	t.smallMax = int(t.slabs[len(t.slabs)-1].size)
	c := 0
	for i := range t.lookup {
		if c+1 < len(t.slabs) && uint32(i*unitBytes) > t.slabs[c].size {
			c++
		}
		t.lookup[i] = uint16(c)
	}
	return t
}

// smallSizes returns the sizes of the slab classes.
func smallSizes(p Profile) []int {
	switch p {
	case ProfileTCMalloc:
		return tcmallocSmall[:]
	case ProfileLibc:
		var s []int
		for n := 24; n <= maxSmall; n += 16 {
			s = append(s, n)
		}
		return s
	case ProfileJemallocQ16:
		return jemallocSmall(16)
	}
	return jemallocSmall(8)
}

// jemallocSmall returns the classes of jemalloc up to 14 KiB: 8, multiples of the quantum, and from eight times the
// quantum four classes per doubling.
func jemallocSmall(quantum int) []int {
	s := []int{8}
	for n := quantum; n <= 14<<10; n += max(quantum, spacing(n+1)) {
		if n > 8 {
			s = append(s, n)
		}
	}
	return s
}

// spacing returns the distance between classes around n when there are four per doubling.
func spacing(n int) int { return 1 << (max(bits.Len(uint(n-1)), 3) - 3) }

// tcmallocSmall are the classes of gperftools 2.x up to 14 KiB. Gaps come from its rule that neighbours are merged when a
// span holds equally many of either.
var tcmallocSmall = [...]int{
	8, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384, 416, 448, 480, 512,
	576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2560, 2816, 3072, 3328, 4096, 4608, 5120,
	6144, 6656, 8192, 9216, 10240, 12288, 13312,
}

// tcmallocLarge are its classes above, up to 32 KiB; from there they are multiples of 8 KiB.
var tcmallocLarge = [...]int{16384, 20480, 24576, 26624, 32768}

// makeSlabClass chooses the slab of a size: the shortest that loses at most 1 in 200 bytes to its tail and its record; if
// there is none, the one that loses least. Slabs without a tail are preferred where they are short, as they are
// under the jemalloc profiles. Most slabs come out at 16 to 28 KiB: shorter ones would empty sooner, and pay more
// for records.
func makeSlabClass(size int) slabClass {
	noTail := false
	for n := 1; n <= maxSlabPages/4; n++ {
		noTail = noTail || n*pageSize%size == 0 && n*pageSize/size <= maxRegions
	}
	best, bestLost := 0, 0
	for n := 1; n <= maxSlabPages && (best == 0 || bestLost*200 > best*pageSize); n++ {
		length := n * pageSize
		regions, tail := length/size, length%size
		if regions == 0 || regions > maxRegions || noTail && tail != 0 {
			continue
		}
		lost := tail + recordLines(regions)*lineSize
		if best == 0 || lost*best < bestLost*n {
			best, bestLost = n, lost
		}
	}
	units := uint64(size / unitBytes)
	return slabClass{
		size:    uint32(size),
		pages:   uint32(best),
		regions: uint32(best * pageSize / size),
		magic:   (1<<32 + units - 1) / units,
	}
}

// recordLines returns the lines of the record of a slab with so many regions.
func recordLines(regions int) int {
	if regions > lineWords*64 {
		return maxLines
	}
	return 1
}

// Usable returns the usable bytes of a request of n bytes: the size of its class.
func Usable(n int) int {
	if uint(n) <= uint(classes.smallMax) {
		return int(classes.slabs[classes.lookup[uint(n+unitBytes-1)/unitBytes]].size)
	}
	return largeUsable(classes.profile, n)
}

// largeUsable returns the usable bytes of a request above the slab limit.
func largeUsable(p Profile, n int) int {
	switch p {
	case ProfileTCMalloc:
		for _, size := range tcmallocLarge {
			if n <= size {
				return size
			}
		}
		return (n + 8<<10 - 1) &^ (8<<10 - 1)
	case ProfileLibc:
		if n < 128<<10 { // below glibc's mmap threshold
			return (n+8+15)&^15 - 8
		}
		return (n+16+pageSize-1)&^(pageSize-1) - 16
	}
	d := max(spacing(n), 2<<10)
	return (n + d - 1) &^ (d - 1)
}

// largePages returns the pages of a large region.
func largePages(usable int) uint32 { return uint32((usable + pageSize - 1) >> pageShift) }

// largeClass returns the line of the books for a large region: its size rounded up to four classes per doubling.
func largeClass(usable int) int {
	if usable <= firstLarge {
		return 0
	}
	lg := bits.Len(uint(usable-1)) - 1
	return (lg-firstLargeLog)*4 + (usable-1)>>(lg-2)&3 + 1
}

// largeClassSize returns the largest size in a line of the books.
func largeClassSize(i int) int {
	if i == 0 {
		return firstLarge
	}
	lg := firstLargeLog + (i-1)/4
	return 1<<lg + ((i-1)%4+1)<<(lg-2)
}
