package server

// effectRows are the histories of TestEffectsBesideRedis.
var effectRows = []effectRow{
	{name: "plain", history: `
		SET k v
		GET k
		APPEND k x
		DEL k
		DEL k
		INCR n
		LPUSH l a b
		LSET l 0 c
		LREM l 0 nosuch
		HSET h f v
		HDEL h nosuch
		SADD s a
		SADD s a
		ZADD z 1 a
		ZADD z 1 a
		PFADD p a
		PFADD p a
		SETBIT b 7 1`},
	{name: "errors", history: `
		SET k v
		LPUSH k a
		INCR k
		SET k
		NOSUCH`},
	{name: "eviction", anyOrder: true, history: `
		SET a 1
		SET b 2 PXAT 33177117420000
		CONFIG SET maxmemory-policy volatile-ttl
		CONFIG SET maxmemory 1
		EXISTS b
		GET a
		SET c 3
		MSET c 3 d 4
		DEL nosuch
		CONFIG SET maxmemory-policy allkeys-random
		EXISTS a
		INCR n
		CONFIG SET maxmemory 0
		MSET a 1 b 2
		CONFIG SET lazyfree-lazy-eviction yes
		CONFIG SET maxmemory 1
		DBSIZE
		SET c 3
		CONFIG SET maxmemory 0
		CONFIG SET lazyfree-lazy-eviction no
		CONFIG SET maxmemory-policy noeviction`},
	{name: "eviction and transactions", anyOrder: true, history: `
		CONFIG SET maxmemory-policy allkeys-lru
		MULTI
		INCR x
		CONFIG SET maxmemory 1
		INCR x
		EXEC
		DBSIZE
		MULTI
		SET y 1
		GET y
		EXEC
		CONFIG SET maxmemory 0
		SET z 1
		MULTI
		GET z
		SET z 2
		2> CONFIG SET maxmemory 1
		EXEC
		2> DBSIZE
		DISCARD
		CONFIG SET maxmemory 0
		CONFIG SET maxmemory-policy noeviction`},
	{name: "eviction and scripts", anyOrder: true, history: `
		SET z 1
		CONFIG SET maxmemory 1
		EVAL return_redis.call("get","z") 0
		EVAL return_redis.call("set","z","2") 0
		EVAL return_redis.pcall("del","z")+redis.call("incr","q") 0
		EVAL #!lua\nreturn_1 0
		EVAL return_redis.pcall("set","z","2").err 0
		EVAL_RO return_redis.call("get","z") 0
		CONFIG SET maxmemory 0
		EVAL return_redis.call("set","z","2") 0
		CONFIG SET maxmemory-policy allkeys-random
		CONFIG SET maxmemory 1
		EVAL return_redis.call("get","z") 0
		EVAL redis.call("config","set","maxmemory","0")return_1 0
		CONFIG SET maxmemory 0
		CONFIG SET maxmemory-policy noeviction
		DEL z q`},
	{name: "set with times", history: `
		SET k v EX 100
		SET k v PX 100000
		SET k v EXAT 33177117420
		SET k v PXAT 33177117420000
		SET k v KEEPTTL
		SET k v NX
		SET k v XX GET
		SET k w GET
		SETEX k 100 v
		PSETEX k 100000 v
		SETNX k v
		GETSET k w
		GETDEL k
		SET k v EX 100 GET
		MSETNX k 1 j 2
		MSET k 1 j 2`},
	{name: "expire", history: `
		SET k v
		EXPIRE k 100
		PEXPIRE k 100000
		EXPIREAT k 33177117420
		PEXPIREAT k 33177117420000
		EXPIRE k 100 NX
		EXPIRE k 100 XX
		PERSIST k
		PERSIST k
		EXPIRE k -1
		SET k v
		EXPIREAT k 1
		EXPIRE nosuch 10`},
	{name: "getex", history: `
		SET k v
		GETEX k
		GETEX k EX 100
		GETEX k PERSIST
		GETEX k PERSIST
		GETEX k PX 100000
		GETEX k EXAT 1`},
	{name: "floats", history: `
		SET f 1.5 EX 100
		INCRBYFLOAT f 0.1
		HSET h f 1.5
		HINCRBYFLOAT h f 0.1
		ZADD z 1 a
		ZINCRBY z 0.5 a
		ZADD z INCR 2 a
		INCRBYFLOAT new 3.0e2`},
	{name: "spop", history: `
		SADD s a
		SPOP s
		SADD s a
		SPOP s 1
		SADD s a
		SPOP s 10
		SPOP s 10
		SADD s a
		SPOP s 0
		SADD d x
		SMOVE s d a
		SMOVE s d a`},
	{name: "pop counts", history: `
		RPUSH l a b c d e
		LPOP l
		LPOP l 2
		RPOP l 0
		LMPOP 2 nosuch l LEFT COUNT 5
		LMPOP 1 l LEFT
		ZADD z 1 a 2 b 3 c 4 d
		ZPOPMIN z
		ZPOPMAX z 2
		ZPOPMIN z 0
		ZMPOP 2 nosuch z MIN COUNT 10
		ZPOPMIN z`},
	{name: "moves", history: `
		RPUSH l a b c
		LMOVE l m LEFT RIGHT
		RPOPLPUSH l m
		RPOPLPUSH nosuch m
		RENAME l k
		RENAMENX k m
		COPY k q
		COPY k q
		COPY k q REPLACE
		COPY k q DB 2
		MOVE k 3
		MOVE k 3
		RENAME m m`},
	{name: "store", history: `
		SADD a 1 2 3
		SADD b 2 3
		SUNIONSTORE d a b
		SINTERSTORE d nosuch a
		SINTERSTORE d nosuch a
		SDIFFSTORE d a b
		SORT a DESC STORE l
		SORT nosuch STORE l
		SORT nosuch STORE l
		ZADD z 1 a 2 b
		ZUNIONSTORE d 1 z
		ZRANGESTORE d z 0 0
		ZRANGESTORE d nosuch 0 0
		ZRANGESTORE d nosuch 0 0
		SET x abc
		BITOP NOT y x
		BITOP NOT y nosuch
		BITFIELD x GET u8 0
		BITFIELD x SET u8 0 1
		BITFIELD x GET u8 0 SET u8 0 1
		PFADD p a
		PFMERGE q p
		PFCOUNT q`},
	{name: "geo", history: `
		GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
		GEOADD g NX 13.361389 38.115556 Palermo
		GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 100 km ASC
		GEOSEARCHSTORE d g FROMLONLAT 0 0 BYRADIUS 1 m ASC
		GEORADIUS g 15 37 200 km STORE d
		GEORADIUS g 15 37 200 km
		GEORADIUSBYMEMBER g Palermo 200 km STOREDIST d`},
	{name: "streams", history: `
		XADD s * f v
		XADD s 1-1 f v
		XADD t 1-* f v
		XADD t 5-5 f v
		XADD t NOMKSTREAM 6-1 f v
		XADD nosuch NOMKSTREAM * f v
		XADD t MAXLEN 2 7-1 f v
		XADD t MAXLEN ~ 2 8-1 f v
		XADD t MAXLEN = 2 9-1 f v
		XADD t MINID 8 10-1 f v
		XTRIM t MAXLEN 2
		XTRIM t MAXLEN ~ 1
		XTRIM t MAXLEN 1
		XDEL t 10-1
		XDEL t 10-1
		XSETID t 20-1
		XSETID t 21-1 ENTRIESADDED 100 MAXDELETEDID 5-0`},
	{name: "groups", history: `
		XADD s 1-1 f v
		XADD s 2-1 f v
		XADD s 3-1 f v
		XGROUP CREATE s g 0
		XGROUP CREATE s g 0
		XGROUP CREATE m g $ MKSTREAM
		XGROUP CREATECONSUMER s g c
		XGROUP CREATECONSUMER s g c
		XREADGROUP GROUP g c NOACK STREAMS s >
		XREADGROUP GROUP g c STREAMS s >
		XREADGROUP GROUP g c STREAMS s 0
		XACK s g 1-1
		XGROUP SETID s g 0
		XCLAIM s g c 0 1-1 FORCE
		XCLAIM s g c 0 2-1 FORCE JUSTID
		XACK s g 2-1
		XACK s g 2-1
		XCLAIM s g c 0 1-1
		XCLAIM s g c 0 1-1 JUSTID
		XCLAIM s g c 0 9-9
		XAUTOCLAIM s g c 0 0 COUNT 2
		XAUTOCLAIM s g c 0 0 COUNT 2 JUSTID
		XGROUP DELCONSUMER s g c
		XGROUP DESTROY s g
		XGROUP DESTROY s g`},
	{name: "blocking at once", history: `
		RPUSH l a b c d e
		BLPOP l 0
		BRPOP l 0
		BLMOVE l m LEFT RIGHT 0
		BRPOPLPUSH l m 0
		BLMPOP 0 1 l LEFT COUNT 3
		ZADD z 1 a 2 b 3 c
		BZPOPMIN z 0
		BZPOPMAX z 0
		BZMPOP 0 1 z MIN`},
	{name: "blocking", history: `
		2> BLPOP l 0 &
		LPUSH l a
		2<
		2> BRPOP l 0 &
		RPUSH l a b
		2<
		2> BLMOVE q m LEFT RIGHT 0 &
		RPUSH q a
		2<
		2> BRPOPLPUSH q m 0 &
		RPUSH q a
		2<
		2> BLMPOP 0 1 q LEFT COUNT 3 &
		RPUSH q a b c d
		2<
		2> BZPOPMIN z 0 &
		ZADD z 1 a 2 b
		2<
		2> BZMPOP 0 1 y MIN COUNT 2 &
		ZADD y 1 a 2 b
		2<
		2> BLPOP t 0.01
		2> XREAD BLOCK 0 STREAMS s $ &
		XADD s 2-1 f v
		2<`},
	{
		name: "groups that read", why: "7.0 sends no XGROUP SETID behind what was read, and creates a consumer without a word",
		history: `
		XADD s 1-1 f v
		XADD s 2-1 f v
		XGROUP CREATE s g 0
		XREADGROUP GROUP g c COUNT 1 STREAMS s >
		MULTI
		XREADGROUP GROUP g c STREAMS s >
		EXEC
		2> XREADGROUP GROUP g d BLOCK 0 STREAMS s > &
		XADD s 3-1 f v
		2<`,
		differs: `
		0 XADD s 1-1 f v
		0 XADD s 2-1 f v
		0 XGROUP CREATE s g 0
		MULTI
		0 XGROUP CREATECONSUMER s g c
		0 XCLAIM s g c 0 1-1 TIME TIME RETRYCOUNT 1 FORCE JUSTID LASTID 1-1
		0 XGROUP SETID s g 1-1 ENTRIESREAD 1
		EXEC
		MULTI
		0 XCLAIM s g c 0 2-1 TIME TIME RETRYCOUNT 1 FORCE JUSTID LASTID 2-1
		0 XGROUP SETID s g 2-1 ENTRIESREAD 2
		EXEC
		0 XGROUP CREATECONSUMER s g d
		0 XADD s 3-1 f v
		MULTI
		0 XCLAIM s g d 0 3-1 TIME TIME RETRYCOUNT 1 FORCE JUSTID LASTID 3-1
		0 XGROUP SETID s g 3-1 ENTRIESREAD 3
		EXEC`,
	},
	{name: "blocking chain", history: `
		2> BLMOVE a b LEFT RIGHT 0 &
		3> BLMOVE b c LEFT RIGHT 0 &
		RPUSH a x
		2<
		3<`},
	{name: "blocking in exec", history: `
		2> BLPOP l 0 &
		MULTI
		RPUSH l a
		RPUSH l b
		EXEC
		2<
		MULTI
		BLPOP l 0
		BLPOP l 0
		BLMOVE l m LEFT RIGHT 0
		EXEC`},
	{name: "flush", history: `
		FLUSHDB
		SET k v
		FLUSHDB
		SELECT 2
		SET k v
		FLUSHALL
		FLUSHALL
		FLUSHDB ASYNC
		FLUSHALL SYNC
		SWAPDB 0 1
		SELECT 0
		SWAPDB 1 1`},
	{name: "multi", history: `
		MULTI
		SET a 1
		EXEC
		MULTI
		SET a 1
		SET b 2
		EXEC
		MULTI
		EXEC
		MULTI
		GET a
		GET b
		EXEC
		MULTI
		DEL nosuch
		SET a 2
		LPUSH a x
		EXEC
		MULTI
		SET a 1
		DISCARD
		MULTI
		SET a 1
		NOSUCH
		EXEC
		WATCH a
		SET a 5
		MULTI
		SET a 6
		EXEC`},
	{name: "multi and databases", history: `
		MULTI
		SET a 1
		SELECT 3
		SET b 2
		EXEC
		SET c 1
		SELECT 0
		MULTI
		SELECT 4
		SELECT 0
		SET a 1
		EXEC
		MULTI
		SET a 1
		SWAPDB 0 3
		SET a 2
		FLUSHALL
		EXEC
		MULTI
		SELECT 5
		EXEC
		SET x 1
		SELECT 0
		MULTI
		FLUSHDB
		EXEC`},
	{name: "multi and rewritten effects", history: `
		SET a 1 EX 100
		SADD s a
		MULTI
		SPOP s
		SPOP s
		INCRBYFLOAT a 1.5
		SET b v EX 100
		GETEX b PERSIST
		EXPIRE b -1
		LPUSH l a
		BLPOP l 0
		XADD x 1-* f v
		EXEC`},
	{name: "expired on access", history: `
		SET k v PX 1
		SET j v PX 1
		sleep 5
		GET k
		GET k
		MGET j k
		SET k v PX 1
		SET j v PX 1
		sleep 5
		MGET j k
		SET k v PX 1
		sleep 5
		SET k w
		SET k v PX 1
		sleep 5
		DEL k
		SET k v PX 1
		sleep 5
		APPEND k w
		SADD a x
		SADD b y
		PEXPIRE a 1
		PEXPIRE b 1
		sleep 5
		SUNIONSTORE d a b
		SADD a x
		SADD b y
		PEXPIRE a 1
		sleep 5
		SUNIONSTORE d a b
		SET k v PX 1
		sleep 5
		EXISTS k k
		SET k v PX 1
		sleep 5
		RENAME k x
		SET k v PX 1
		sleep 5
		INCR k`},
	{name: "expired on a walk", anyOrder: true, history: `
		SET k v PX 1
		SET j v PX 1
		sleep 5
		KEYS *`},
	{name: "expired on a scan", anyOrder: true, history: `
		SET k v PX 1
		SET j v PX 1
		sleep 5
		SCAN 0
		SET k v PX 1
		sleep 5
		RANDOMKEY`},
	{name: "expired on a walk in exec", anyOrder: true, history: `
		SET k v PX 1
		SET j v PX 1
		sleep 5
		MULTI
		KEYS *
		EXEC`},
	{name: "expired in exec", history: `
		SET k v PX 1
		SET j v PX 1
		sleep 5
		MULTI
		GET k
		EXEC
		MULTI
		SET a 1
		GET j
		EXEC
		SET k v PX 1
		SET j v PX 1
		sleep 5
		MULTI
		GET k
		GET j
		EXEC
		SET k v PX 1
		sleep 5
		MULTI
		SET k 2
		EXEC`},
	{name: "lazy expiry", history: `
		CONFIG SET lazyfree-lazy-expire yes
		SET k v PX 1
		sleep 5
		GET k
		SET k v
		EXPIRE k -1
		CONFIG SET lazyfree-lazy-expire no
		SET k v
		UNLINK k`},
	{name: "scripts", history: `
		EVAL return{redis.call('set','k','1'),redis.call('incr','k')} 0
		EVAL return(redis.call('set','k','1')) 0
		EVAL return{redis.call('get','k'),redis.call('del','nosuch')} 0
		EVAL return(redis.call('set','k','1','EX','100')) 0
		EVAL return(redis.pcall('lpush','k','1')) 0
		EVAL return{redis.call('select',2),redis.call('set','j','1')} 0
		SET l 1
		MULTI
		EVAL return{redis.call('set','k','1'),redis.call('incr','k')} 0
		SET k 2
		EXEC
		MULTI
		EVAL return(redis.call('incr','k')) 0
		EXEC
		SET t 1 PX 1
		sleep 5
		EVAL return{redis.call('get','t'),redis.call('incr','k')} 0`},
	{name: "publish", history: `
		PUBLISH c m
		MULTI
		PUBLISH c m
		SET k v
		EXEC
		MULTI
		PUBLISH c m
		EXEC
		SPUBLISH c m`},
	{name: "what saves sets the count of changes back", history: `
		SET a 1
		SAVE
		SET b 2
		SET c 3
		SAVE
		DEL a`},
	{name: "case", history: `
		set k v ex 100
		Append k x
		multi
		sEt a 1
		sEt b 1
		exec
		expire k 10
		getex k px 100000
		flushall`},
}
