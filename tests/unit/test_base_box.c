/* Boxes: what went in comes out, under the same key and for the same purpose only. */
#include "base/box.h"

#include <string.h>

#include "base/rand.h"
#include "base/secret.h"
#include "base/str.h"
#include "check.h"

/* NIST SP 800-38D's algorithm, AES-256: McGrew and Viega's test case 16 (96-bit nonce). */
static void
known_answer(void)
{
	static const char box_hex[] =
	    "cafebabefacedbaddecaf888"
	    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
	    "76fc6ece0f4e1768cddf8853bb2d551b";
	static const char plain_hex[] =
	    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
	uint8_t key[32], about[20], box[12 + 60 + 16], plain[60];
	OWN(secret_free) struct secret *k = NULL, *out = NULL;
	struct err e = { 0 };

	CHECK(hex_decode("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", 64, key, 32), "hex");
	CHECK(hex_decode("feedfacedeadbeeffeedfacedeadbeefabaddad2", 40, about, 20), "hex");
	CHECK(hex_decode(box_hex, strlen(box_hex), box, sizeof(box)), "hex");
	CHECK(hex_decode(plain_hex, strlen(plain_hex), plain, sizeof(plain)), "hex");
	k = secret_from(key, 32);
	if (CHECK(box_open(k, about, sizeof(about), box, sizeof(box), &out, &e), "%s", e.msg))
		CHECK(secret_equal(out, plain, sizeof(plain)), "other octets");
}

static void
round_trip(size_t len)
{
	OWN(secret_free) struct secret *key = box_key_make(), *other = box_key_make(), *plain = secret_new(len), *out = NULL;
	OWN_STR struct str box = { 0 };
	OWN_STR struct str twin = { 0 };
	struct err e = { 0 };
	const uint8_t *p;

	rand_octets(plain->p, len);
	if (!CHECK(box_seal(key, "this", 4, plain, &box, &e) && box_seal(key, "this", 4, plain, &twin, &e), "%s", e.msg))
		return;
	CHECK(box.len == len + 28, "%zu octets for %zu", box.len, len);
	CHECK(memcmp(box.p, twin.p, box.len) != 0, "the same box twice");
	p = (const uint8_t *)box.p;
	if (CHECK(box_open(key, "this", 4, p, box.len, &out, &e), "%s", e.msg))
		CHECK(secret_equal(out, plain->p, len), "other octets came out");
	secret_free(give(out));
	CHECK(!box_open(other, "this", 4, p, box.len, &out, &e) && e.kind == ERR_INVALID, "another key opened it");
	CHECK(!box_open(key, "that", 4, p, box.len, &out, &e), "it opened for another purpose");
	CHECK(!box_open(key, "this", 4, p, box.len - 1, &out, &e), "it opened without its end");
	CHECK(!box_open(key, "this", 4, p, 27, &out, &e), "a nonce and half a tag opened");
	for (size_t i = 0; i < box.len; i += 1 + box.len / 40) {
		box.p[i] ^= 1;
		CHECK(!box_open(key, "this", 4, p, box.len, &out, &e), "octet %zu was altered", i);
		box.p[i] ^= 1;
	}
	CHECK(out == NULL, "something came out");
}

int
main(void)
{
	secret_init();
	known_answer();
	round_trip(1);
	round_trip(1219);
	round_trip(2375);
	return check_done();
}
