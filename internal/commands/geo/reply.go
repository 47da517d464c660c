package geo

import (
	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/object"
	"granary/internal/types/zset"
)

// cmdGeoSearch answers GEOSEARCH key FROMMEMBER member | FROMLONLAT longitude latitude BYRADIUS radius unit | BYBOX width
// height unit [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH].
func cmdGeoSearch(c *command.Ctx) {
	q := request{search: true}
	q.run(c, c.Args[1], func(v *zset.Value) bool { return q.options(c, v, c.Args[2:]) })
}

// cmdGeoSearchStore answers GEOSEARCHSTORE destination source, and then as GEOSEARCH, with STOREDIST.
func cmdGeoSearchStore(c *command.Ctx) {
	q := request{search: true, storing: true, store: c.Args[1]}
	q.run(c, c.Args[2], func(v *zset.Value) bool { return q.options(c, v, c.Args[3:]) })
}

// cmdGeoRadius answers GEORADIUS key longitude latitude radius unit [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]]
// [ASC | DESC] [STORE key | STOREDIST key].
func cmdGeoRadius(c *command.Ctx) { radius(c, request{}) }

// cmdGeoRadiusRO answers GEORADIUS_RO, which is GEORADIUS without STORE and STOREDIST.
func cmdGeoRadiusRO(c *command.Ctx) { radius(c, request{readOnly: true}) }

func radius(c *command.Ctx, q request) {
	q.run(c, c.Args[1], func(v *zset.Value) (ok bool) {
		if q.shape.center, ok = parsePoint(c, c.Args[2], c.Args[3]); !ok {
			return false
		}
		return q.radius(c, c.Args[4], c.Args[5]) && q.options(c, v, c.Args[6:])
	})
}

// cmdGeoRadiusByMember answers GEORADIUSBYMEMBER key member radius unit, and then as GEORADIUS.
func cmdGeoRadiusByMember(c *command.Ctx) { radiusByMember(c, request{}) }

// cmdGeoRadiusByMemberRO answers GEORADIUSBYMEMBER_RO, which is GEORADIUSBYMEMBER without STORE and STOREDIST.
func cmdGeoRadiusByMemberRO(c *command.Ctx) { radiusByMember(c, request{readOnly: true}) }

func radiusByMember(c *command.Ctx, q request) {
	q.run(c, c.Args[1], func(v *zset.Value) bool {
		if q.exists && (!q.center(c, v, c.Args[2]) || !q.radius(c, c.Args[3], c.Args[4])) {
			return false
		}
		return q.options(c, v, c.Args[5:])
	})
}

// run looks the key up, lets parse read the arguments, searches, and answers or stores what it found.
func (q *request) run(c *command.Ctx, key []byte, parse func(*zset.Value) bool) {
	it := c.Read(key)
	var v zset.Value
	if it.Exists() {
		if !c.IsType(&it, object.ZSet) {
			return
		}
		v = zset.Of(&it)
		q.exists = true
	}
	if !parse(&v) {
		return
	}
	limit := int64(0)
	if q.any {
		limit = q.count
	} else if q.count != 0 && q.order == unsorted {
		q.order = nearest // a count without an order means the nearest
	}
	all := search(&v, &q.shape, limit)
	sortPlaces(all, q.order)
	if q.count != 0 && int64(len(all)) > q.count {
		all = all[:q.count]
	}
	if q.store != nil {
		q.storeAll(c, all)
	} else {
		q.replyAll(c, all)
	}
}

func (q *request) replyAll(c *command.Ctx, all []found) {
	more := 0
	for _, with := range []bool{q.withDist, q.withHash, q.withCoord} {
		if with {
			more++
		}
	}
	c.Out.Array(len(all))
	for i := range all {
		f := &all[i]
		if more > 0 {
			c.Out.Array(1 + more)
		}
		c.Out.Bulk(f.member)
		if q.withDist {
			replyDistance(c, f.metres/q.shape.unit)
		}
		if q.withHash {
			c.Out.Int(int64(f.score))
		}
		if q.withCoord {
			replyPoint(c, f.at)
		}
	}
}

// storeAll makes what was found the value of a key, or deletes the key if nothing was.
func (q *request) storeAll(c *command.Ctx, all []found) {
	dst := c.Write(q.store)
	switch {
	case len(all) > 0:
		d := zset.NewDraft(c.Keys().Arena)
		defer d.Free()
		for i := range all {
			f := &all[i]
			score := f.score
			if q.storeDist {
				score = f.metres / q.shape.unit
			}
			d.Add(d.Find(f.member), f.member, score)
		}
		d.Store(&dst, zset.LimitsOf(c.Env.Config))
		event := "georadiusstore"
		if q.search {
			event = "geosearchstore"
		}
		c.Keys().Stats.Dirty += int64(len(all)) - 1
		c.Changed(q.store, keyspace.ZSet, event)
	case dst.Exists():
		dst.Delete()
		c.Changed(q.store, keyspace.Generic, "del")
	}
	c.Out.Int(int64(len(all)))
}
