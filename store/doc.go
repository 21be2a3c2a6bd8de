// Package store is what every store of grants, protections, the record, notices
// and deliveries has in common: the kinds of its failures. What a store does is
// declared by its users in the domain, and tested by the suite of
// store/storetest, which every store passes; store/bolt is the one in a file.
//
// It imports the domain only.
package store
