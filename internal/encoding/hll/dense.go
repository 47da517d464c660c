package hll

import "encoding/binary"

// denseGet returns register i of dense registers.
func denseGet(p []byte, i int) uint8 {
	at := i * registerBits
	k, shift := at>>3, uint(at&7)
	v := uint(p[k]) >> shift
	if shift > 8-registerBits {
		v |= uint(p[k+1]) << (8 - shift)
	}
	return uint8(v & registerMax)
}

// denseSet sets register i of dense registers.
func denseSet(p []byte, i int, v uint8) {
	at := i * registerBits
	k, shift := at>>3, uint(at&7)
	p[k] = p[k]&^byte(registerMax<<shift) | v<<shift
	if shift > 8-registerBits {
		p[k+1] = p[k+1]&^byte(registerMax>>(8-shift)) | v>>(8-shift)
	}
}

// Eight registers are 48 bits; eachEight reads them as one word.
const groupBytes = 8 * registerBits / 8

// group returns the eight registers from 8*g on, in the low 48 bits.
func group(p []byte, g int) uint64 {
	p = p[g*groupBytes:]
	if len(p) >= 8 {
		return binary.LittleEndian.Uint64(p)
	}
	return uint64(binary.LittleEndian.Uint32(p)) | uint64(binary.LittleEndian.Uint16(p[4:]))<<32
}

// denseHistogram counts the registers by value.
func denseHistogram(p []byte, h *histogram) {
	// Two histograms, so that runs of equal registers do not wait for their own count.
	var h2 histogram
	for g := range NumRegisters / 8 {
		w := group(p, g)
		h[w&63]++
		h2[w>>6&63]++
		h[w>>12&63]++
		h2[w>>18&63]++
		h[w>>24&63]++
		h2[w>>30&63]++
		h[w>>36&63]++
		h2[w>>42&63]++
	}
	for i := range h {
		h[i] += h2[i]
	}
}
