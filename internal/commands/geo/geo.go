// Package geo holds the commands on places: a place is a member of a sorted set whose score is a geohash of 52 bits, so that
// places that are near each other have scores near each other.
//
//	hash.go      geohashes: encoding, decoding, neighbours
//	distance.go  distances on a sphere
//	area.go      the squares of geohashes that cover a circle or a box
//	search.go    which places lie in it, and in which order
//	add.go       GEOADD
//	read.go      GEODIST, GEOHASH, GEOPOS
//	request.go   the arguments of GEOSEARCH, GEOSEARCHSTORE and GEORADIUS with its relatives
//	reply.go     what they answer or store
//	spec*.go     the declarations
//
// The arithmetic is Redis's, step by step and in double precision, because clients compare digits.
package geo

import (
	"strconv"

	"granary/internal/command"
	"granary/internal/object"
	"granary/internal/types/zset"
)

// Register adds the commands of the family.
func Register(t *command.Table) {
	t.Register(
		specGeoAdd, specGeoDist, specGeoHash, specGeoPos, specGeoRadius, specGeoRadiusByMember, specGeoRadiusByMemberRO,
		specGeoRadiusRO, specGeoSearch, specGeoSearchStore,
	)
}

// look returns the sorted set at a key, an empty one when there is no such key. It answers an error when something else is
// there.
func look(c *command.Ctx, key []byte) (v zset.Value, ok bool) {
	it := c.Read(key)
	if !it.Exists() {
		return v, true
	}
	if !c.IsType(&it, object.ZSet) {
		return v, false
	}
	return zset.Of(&it), true
}

// parsePoint reads longitude and latitude, and answers an error when they are no place.
func parsePoint(c *command.Ctx, lon, lat []byte) (p point, ok bool) {
	if p.lon, ok = parseDouble(c, lon, command.ErrNotFloat); !ok {
		return p, false
	}
	if p.lat, ok = parseDouble(c, lat, command.ErrNotFloat); !ok {
		return p, false
	}
	if p.lon < lonMin || p.lon > lonMax || p.lat < latMin || p.lat > latMax {
		c.Out.Errorf("ERR invalid longitude,latitude pair %s,%s", six(p.lon), six(p.lat))
		return p, false
	}
	return p, true
}

// six writes a number with six digits behind the point, as printf does.
func six(v float64) string {
	text := strconv.FormatFloat(v, 'f', 6, 64)
	switch text {
	case "+Inf":
		return "inf"
	case "-Inf":
		return "-inf"
	}
	return text
}

// parseDouble reads a number and answers an error when it is none.
func parseDouble(c *command.Ctx, arg []byte, text string) (float64, bool) {
	v, ok := object.ParseDouble(arg)
	if !ok {
		c.Out.Error(text)
	}
	return v, ok
}

// parseUnit returns the metres of a unit and answers an error when there is no such unit.
func parseUnit(c *command.Ctx, arg []byte) (metres float64, ok bool) {
	switch {
	case command.Is(arg, "m"):
		return 1, true
	case command.Is(arg, "km"):
		return 1000, true
	case command.Is(arg, "ft"):
		return 0.3048, true
	case command.Is(arg, "mi"):
		return 1609.34, true
	}
	c.Out.Error("ERR unsupported unit provided. please use M, KM, FT, MI")
	return 0, false
}

// replyDistance answers a distance with four digits behind the point: a string in both protocols.
func replyDistance(c *command.Ctx, d float64) {
	var b [64]byte
	c.Out.Bulk(strconv.AppendFloat(b[:0], d, 'f', 4, 64))
}

// replyPoint answers coordinates.
func replyPoint(c *command.Ctx, p point) {
	c.Out.Array(2)
	c.Out.HumanDouble(p.lon)
	c.Out.HumanDouble(p.lat)
}
