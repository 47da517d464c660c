package mem

import (
	"bytes"
	"os"
	"slices"
	"testing"
)

// seedTable is the table of size classes as published, in bytes, up to 64 MiB. (54 KiB, as sometimes printed in it, is
// 56 KiB: four classes per doubling.)
var seedTable = []int{
	8,
	16, 32, 48, 64, 80, 96, 112, 128,
	160, 192, 224, 256,
	320, 384, 448, 512,
	640, 768, 896, 1024,
	1280, 1536, 1792, 2048,
	2560, 3072, 3584, 4096,
	5 << 10, 6 << 10, 7 << 10, 8 << 10,
	10 << 10, 12 << 10, 14 << 10, 16 << 10,
	20 << 10, 24 << 10, 28 << 10, 32 << 10,
	40 << 10, 48 << 10, 56 << 10, 64 << 10,
	80 << 10, 96 << 10, 112 << 10, 128 << 10,
	160 << 10, 192 << 10, 224 << 10, 256 << 10,
	320 << 10, 384 << 10, 448 << 10, 512 << 10,
	640 << 10, 768 << 10, 896 << 10, 1 << 20,
	1280 << 10, 1536 << 10, 1792 << 10, 2 << 20,
	2560 << 10, 3 << 20, 3584 << 10, 4 << 20,
	5 << 20, 6 << 20, 7 << 20, 8 << 20,
	10 << 20, 12 << 20, 14 << 20, 16 << 20,
	20 << 20, 24 << 20, 28 << 20, 32 << 20,
	40 << 20, 48 << 20, 56 << 20, 64 << 20,
}

func sizes(p Profile, limit int) (s []int) {
	for _, c := range ClassTable(p, limit) {
		s = append(s, c.Size)
	}
	return s
}

func TestClassesAreThePublishedTable(t *testing.T) {
	if got := sizes(ProfileJemallocQ16, 64<<20); !slices.Equal(got, seedTable) {
		t.Errorf("quantum 16:\n got %v\nwant %v", got, seedTable)
	}
	want := slices.Concat(seedTable, []int{24, 40, 56})
	slices.Sort(want)
	if got := sizes(ProfileJemalloc, 64<<20); !slices.Equal(got, want) {
		t.Errorf("quantum 8:\n got %v\nwant %v", got, want)
	}
}

func TestUsable(t *testing.T) {
	check := func(p Profile, n, want int) {
		t.Helper()
		reopen(t, Config{Profile: p})
		if got := Usable(n); got != want {
			t.Errorf("%s: Usable(%d) = %d, want %d", p, n, got, want)
		}
	}
	for _, p := range []Profile{ProfileJemalloc, ProfileJemallocQ16} {
		check(p, 0, 8)
		check(p, 1, 8)
		check(p, 8, 8)
		check(p, 9, 16)
		check(p, 130, 160)
		check(p, 14336, 14336)
		check(p, 14337, 16384)
		check(p, 16385, 20480)
		check(p, 49153, 57344)
		check(p, 1<<30, 1<<30)
		check(p, 1<<30+1, 1280<<20)
	}
	check(ProfileJemalloc, 17, 24)
	check(ProfileJemallocQ16, 17, 32)
	check(ProfileLibc, 0, 24)
	check(ProfileLibc, 24, 24)
	check(ProfileLibc, 25, 40)
	check(ProfileLibc, 130, 136)
	check(ProfileLibc, 5000, 5000)
	check(ProfileLibc, 14344, 14344)
	check(ProfileLibc, 14345, 14360)
	check(ProfileLibc, 128<<10, 132<<10-16)
	check(ProfileTCMalloc, 130, 144)
	check(ProfileTCMalloc, 3329, 4096)
	check(ProfileTCMalloc, 13313, 16384)
	check(ProfileTCMalloc, 24577, 26624)
	check(ProfileTCMalloc, 32769, 40960)
	check(ProfileTCMalloc, 256<<10+1, 264<<10)
}

// TestUsableIsTheSmallestFit compares the table look-up with the list of classes, for every small request.
func TestUsableIsTheSmallestFit(t *testing.T) {
	for i := range NumProfiles {
		p := Profile(i)
		reopen(t, Config{Profile: p})
		list := sizes(p, 40<<10)
		k := 0
		for n := 0; n <= 32<<10; n++ {
			for list[k] < n {
				k++
			}
			if got := Usable(n); got != list[k] {
				t.Fatalf("%s: Usable(%d) = %d, the smallest class that fits is %d", p, n, got, list[k])
			}
		}
	}
}

func TestSlabShapes(t *testing.T) {
	for i := range NumProfiles {
		p := Profile(i)
		for _, c := range ClassTable(p, 14<<10) {
			if c.Regions < 1 || c.Regions > maxRegions || c.Size%unitBytes != 0 {
				t.Errorf("%s: class %d has %d regions", p, c.Size, c.Regions)
			}
			if p <= ProfileJemallocQ16 && (c.Tail != 0 || c.SlabBytes > 28<<10 || c.Size >= 64 && c.SlabBytes < 16<<10) {
				t.Errorf("%s: class %d has slabs of %d bytes with a tail of %d", p, c.Size, c.SlabBytes, c.Tail)
			}
			if c.Tail*30 > c.SlabBytes || p != ProfileLibc && c.Tail*200 > c.SlabBytes {
				t.Errorf("%s: class %d loses %d of %d bytes to the tail", p, c.Size, c.Tail, c.SlabBytes)
			}
		}
		// Division by multiplication is exact for every offset in a slab.
		for _, c := range makeClasses(p).slabs {
			for k := range c.regions {
				units := uint64(c.size / unitBytes)
				if got := uint64(k) * units * c.magic >> 32; got != uint64(k) {
					t.Fatalf("%s: class %d: region %d computed as %d", p, c.size, k, got)
				}
				if got := (uint64(k+1)*units - 1) * c.magic >> 32; got != uint64(k) {
					t.Fatalf("%s: class %d: last unit of region %d computed as of %d", p, c.size, k, got)
				}
			}
		}
	}
}

func TestLargeClass(t *testing.T) {
	for i := range numLarge - 1 {
		size := largeClassSize(i)
		if got := largeClass(size); got != i {
			t.Errorf("class of %d bytes is %d, want %d", size, got, i)
		}
		if got := largeClass(size + 1); got != i+1 {
			t.Errorf("class of %d bytes is %d, want %d", size+1, got, i+1)
		}
	}
	if largeClass(maxRegion) >= numLarge {
		t.Errorf("class of %d bytes is beyond the books", maxRegion)
	}
}

func TestPageBin(t *testing.T) {
	for n := uint32(1); n < 5000; n++ {
		if b, next := pageBin(n), pageBin(n+1); next != b && next != b+1 {
			t.Fatalf("bin of %d pages is %d, of one more %d", n, b, next)
		}
	}
	if b := pageBin(1<<28 - 1); b >= numPageBins {
		t.Errorf("bin of the largest extent is %d", b)
	}
	for n, want := range map[uint32]uint{1: 0, 2: 1, 3: 2, 4: 3, 5: 4, 7: 6, 8: 7, 9: 7, 10: 8, 12: 9, 16: 11, 19: 11, 20: 12} {
		if got := pageBin(n); got != want {
			t.Errorf("bin of %d pages is %d, want %d", n, got, want)
		}
	}
}

func TestProfileNames(t *testing.T) {
	for i := range NumProfiles {
		if p, ok := ParseProfile(Profile(i).String()); !ok || p != Profile(i) {
			t.Errorf("%s does not parse", Profile(i))
		}
	}
	if _, ok := ParseProfile("hoard"); ok {
		t.Error("hoard parses")
	}
}

// TestPurposeTable holds the table of purposes complete.
func TestPurposeTable(t *testing.T) {
	seen := map[string]bool{}
	for p := range Purpose(NumPurposes) {
		i := p.Info()
		if i.Name == "" || seen[i.Name] {
			t.Errorf("purpose %d: name %q", p, i.Name)
		}
		seen[i.Name] = true
		if i.Keyspace && i.Heading != HeadingData {
			t.Errorf("%s belongs to keys and is not data", p)
		}
	}
}

func TestClassesFile(t *testing.T) {
	var want []byte
	for i := range NumProfiles {
		if i > 0 {
			want = append(want, '\n')
		}
		want = AppendClassTable(want, Profile(i), TableLimit(Profile(i)))
	}
	got, err := os.ReadFile("classes.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("classes.txt is out of date: run go generate ./internal/mem")
	}
}
