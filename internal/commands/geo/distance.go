package geo

import "math"

const (
	earthRadius = 6372797.560856 // metres
	degree      = math.Pi / 180
)

func radians(deg float64) float64 { return deg * degree }
func degrees(rad float64) float64 { return rad / degree }

// distance returns the metres between two places on a sphere (the haversine formula).
func distance(a, b point) float64 {
	v := math.Sin((radians(b.lon) - radians(a.lon)) / 2)
	if v == 0 {
		return alongMeridian(a.lat, b.lat)
	}
	lat1, lat2 := radians(a.lat), radians(b.lat)
	u := math.Sin((lat2 - lat1) / 2)
	h := float64(u*u) + float64(math.Cos(lat1)*math.Cos(lat2)*v*v)
	return 2 * earthRadius * math.Asin(math.Sqrt(h))
}

// alongMeridian returns the metres between two latitudes.
func alongMeridian(a, b float64) float64 { return earthRadius * math.Abs(radians(b)-radians(a)) }

// shape is what a search looks in: a circle, or a box whose sides run along meridians and parallels.
type shape struct {
	box           bool
	center        point
	radius        float64 // in units
	width, height float64 // in units
	unit          float64 // metres
}

// holds reports whether a place lies in the shape, and its distance from the center in metres.
func (s *shape) holds(p point) (d float64, ok bool) {
	if !s.box {
		d = distance(s.center, p)
		return d, d <= s.radius*s.unit
	}
	if alongMeridian(p.lat, s.center.lat) > s.height*s.unit/2 {
		return 0, false
	}
	if distance(p, point{s.center.lon, p.lat}) > s.width*s.unit/2 {
		return 0, false
	}
	return distance(s.center, p), true
}
