package geo

// A geohash halves the world again and again, in turn by longitude and by latitude, and has a bit for each half. Of 52 bits,
// the most there are, half are of either.
//
//	... lon lat lon lat lon lat      bit 0 is of the latitude
//
// A square of step s has the 2s high bits in common with all that lies in it.

// point is a place.
type point struct{ lon, lat float64 }

// The world as scores see it: latitudes end where the Mercator projection is a square.
const (
	lonMin, lonMax = -180.0, 180.0
	latMin, latMax = -85.05112878, 85.05112878

	maxStep = 26
)

// cell is a square: the bits of a geohash of step bits for each of the two.
type cell struct {
	bits uint64
	step uint
}

// interleave makes the bits of a geohash of those of latitude (bits 0, 2, ...) and longitude (bits 1, 3, ...).
func interleave(lat, lon uint32) uint64 { return spread(lat) | spread(lon)<<1 }

// spread puts a zero before every bit.
func spread(v uint32) uint64 {
	x := uint64(v)
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	x = (x | x<<4) & 0x0f0f0f0f0f0f0f0f
	x = (x | x<<2) & 0x3333333333333333
	x = (x | x<<1) & 0x5555555555555555
	return x
}

// gather takes out every second bit, the lowest first.
func gather(x uint64) uint32 {
	x &= 0x5555555555555555
	x = (x | x>>1) & 0x3333333333333333
	x = (x | x>>2) & 0x0f0f0f0f0f0f0f0f
	x = (x | x>>4) & 0x00ff00ff00ff00ff
	x = (x | x>>8) & 0x0000ffff0000ffff
	x = (x | x>>16) & 0x00000000ffffffff
	return uint32(x)
}

// encode returns the square of a step in which a place lies, in a world whose latitudes end at low and high.
func encode(p point, step uint, low, high float64) cell {
	lat := (p.lat - low) / (high - low)
	lon := (p.lon - lonMin) / (lonMax - lonMin)
	size := float64(uint64(1) << step)
	return cell{interleave(fixed(lat*size), fixed(lon*size)), step}
}

// fixed turns a number from 0 to 2^26 into an integer.
func fixed(v float64) uint32 { return uint32(int64(v)) }

// scoreOf returns the score of a place.
func scoreOf(p point) uint64 { return encode(p, maxStep, latMin, latMax).bits }

// area is the part of the world that a square stands for.
type area struct{ min, max point }

func (h cell) area() (a area) {
	const lonScale, latScale = lonMax - lonMin, latMax - latMin
	lat, lon := float64(gather(h.bits)), float64(gather(h.bits>>1))
	size := float64(uint64(1) << h.step)
	// NB: the conversions keep products from being fused with the sums, which would change the last digit.
	a.min.lat = latMin + float64(lat/size*latScale)
	a.max.lat = latMin + float64((lat+1)/size*latScale)
	a.min.lon = lonMin + float64(lon/size*lonScale)
	a.max.lon = lonMin + float64((lon+1)/size*lonScale)
	return a
}

// decode returns the place that a score stands for: the middle of its square.
func decode(score float64) point {
	a := cell{uint64(int64(score)), maxStep}.area()
	return point{
		lon: max(lonMin, min(lonMax, (a.min.lon+a.max.lon)/2)),
		lat: max(latMin, min(latMax, (a.min.lat+a.max.lat)/2)),
	}
}

// neighbour returns the square so many squares to the east and to the north. The world goes round in both directions.
//
// NB: the easternmost meridian and the northernmost parallel lie in squares of their own beyond the last ones. A step goes
// round to the other side only in its own direction, so those to the north of such a square lie beyond the last ones too.
func (h cell) neighbour(east, north int) cell {
	mask := uint32(1)<<h.step - 1
	lat, lon := gather(h.bits), gather(h.bits>>1)
	if north != 0 {
		lat = (lat + uint32(north)) & mask
	}
	if east != 0 {
		lon = (lon + uint32(east)) & mask
	}
	return cell{interleave(lat, lon), h.step}
}

// scores returns the range [lo, hi) of scores of the places in the square.
func (h cell) scores() (lo, hi uint64) {
	shift := 2 * (maxStep - h.step)
	return h.bits << shift, (h.bits + 1) << shift
}

// appendText appends the geohash of a place as other systems write it: eleven digits, of which the last is always 0, over
// a world whose latitudes end at the poles.
func appendText(dst []byte, p point) []byte {
	const digits = "0123456789bcdefghjkmnpqrstuvwxyz"
	bits := encode(p, maxStep, -90, 90).bits
	for shift := 2*maxStep - 5; shift > 0; shift -= 5 {
		dst = append(dst, digits[bits>>shift&31])
	}
	return append(dst, '0')
}
