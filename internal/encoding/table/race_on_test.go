//go:build race

package table

const raceBuild = true
