package geo

import "math"

// A search looks at nine squares: the one in which the center lies, and its neighbours. They are as small as they may be
// for the shape to lie in them.

// mercatorMax is half the circumference of the world.
const mercatorMax = 20037726.37

// stepFor returns the step of squares that are as large as a radius around a latitude.
func stepFor(metres, lat float64) uint {
	if metres == 0 {
		return maxStep
	}
	step := 1
	for ; metres < mercatorMax; metres *= 2 {
		step++
	}
	step -= 2 // so that the nine squares cover the shape in most cases
	// Squares become narrow towards the poles.
	if lat > 66 || lat < -66 {
		step--
		if lat > 80 || lat < -80 {
			step--
		}
	}
	return uint(max(1, min(step, maxStep)))
}

// bounds returns a rectangle of coordinates around the shape.
func (s *shape) bounds() (b area) {
	height, width := s.radius*s.unit, s.radius*s.unit
	if s.box {
		height, width = s.unit*(s.height/2), s.unit*(s.width/2)
	}
	lat := degrees(height / earthRadius)
	top := degrees(width / earthRadius / math.Cos(radians(s.center.lat+lat)))
	bottom := degrees(width / earthRadius / math.Cos(radians(s.center.lat-lat)))
	lon := top // a degree of longitude is shortest on the side of the pole
	if s.center.lat < 0 {
		lon = bottom
	}
	b.min = point{s.center.lon - lon, s.center.lat - lat}
	b.max = point{s.center.lon + lon, s.center.lat + lat}
	return b
}

// squares returns the squares to search, in the order in which they are searched. Those that the shape does not reach are
// left out.
func (s *shape) squares() []cell {
	b := s.bounds()
	metres := s.radius
	if s.box {
		metres = math.Sqrt(float64((s.width/2)*(s.width/2)) + float64((s.height/2)*(s.height/2)))
	}
	step := stepFor(metres*s.unit, s.center.lat)
	mid := encode(s.center, step, latMin, latMax)
	// Near the edge of a square the shape may reach over its neighbour.
	if step > 1 && (mid.neighbour(0, 1).area().max.lat < b.max.lat || mid.neighbour(0, -1).area().min.lat > b.min.lat ||
		mid.neighbour(1, 0).area().max.lon < b.max.lon || mid.neighbour(-1, 0).area().min.lon > b.min.lon) {
		step--
		mid = encode(s.center, step, latMin, latMax)
	}
	a := mid.area()
	var all []cell
	for _, d := range [...]struct{ east, north int }{{0, 0}, {0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}} {
		if step >= 2 && (d.north < 0 && a.min.lat < b.min.lat || d.north > 0 && a.max.lat > b.max.lat ||
			d.east < 0 && a.min.lon < b.min.lon || d.east > 0 && a.max.lon > b.max.lon) {
			continue
		}
		h := mid.neighbour(d.east, d.north)
		// Where squares are huge, neighbours are the same one; they follow each other.
		if n := len(all); n == 0 || all[n-1] != h {
			all = append(all, h)
		}
	}
	return all
}
