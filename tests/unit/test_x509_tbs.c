/* What tbs_build makes passes tbs_check; what differs in any octet that the profile decides is refused. */
#include <string.h>

#include "base/own.h"
#include "base/rand.h"
#include "check.h"
#include "x509_make.h"

#define NOW INT64_C(1800000000)

/* Everything a profile can hold, in one document. */
static const char rich[] =
    "{\"id\":7,\"version\":1,\"name\":\"Rich\",\"ecosystem\":\"t\",\"ca\":\"c\",\"methods\":[\"form\"],"
    "\"keys\":{\"server\":[{\"algorithm\":\"EC\",\"curve\":\"P-256\"},{\"algorithm\":\"EC\",\"curve\":\"P-"
    "384\"}]},"
    "\"signature\":\"ecdsa-with-SHA256\","
    "\"subject\":[{\"type\":\"C\",\"from\":\"organization\",\"name\":\"country\",\"pattern\":\"[A-Z]{2}\"},"
    "{\"type\":\"O\",\"from\":\"constant\",\"value\":\"Acme, Inc.\"},"
    "{\"type\":\"OU\",\"from\":\"organization\",\"name\":\"site\",\"optional\":true},"
    "{\"type\":\"OU\",\"from\":\"input\",\"name\":\"unit\",\"optional\":true},"
    "{\"type\":\"serialNumber\",\"from\":\"template\",\"template\":\"{model}-{serial}\"},"
    "{\"type\":\"CN\",\"from\":\"input\",\"name\":\"mac_address\"}],"
    "\"validity\":{\"days\":100,\"backdate_seconds\":60},"
    "\"extensions\":[{\"type\":\"basicConstraints\"},{\"type\":\"keyUsage\",\"usages\":[\"digitalSignature\"]"
    "},"
    "{\"type\":\"extKeyUsage\",\"critical\":true,\"purposes\":[\"clientAuth\",\"1.3.6.1.4.1.45605.1\"]},"
    "{\"type\":\"subjectAltName\",\"names\":[{\"hardware_module\":{\"type\":\"1.2.3.4\",\"serial\":\"{mac_"
    "address}\"}},"
    "{\"mac_address\":\"{mac_address}\"},{\"dns\":\"{hosts}\",\"optional\":true},{\"ip\":\"{addresses}\","
    "\"optional\":true},"
    "{\"uri\":\"urn:dev:mac:{mac_address:hex_lower}\"},{\"directory\":[{\"type\":\"CN\",\"value\":\"{model}"
    "\"}]},"
    "{\"other\":{\"oid\":\"1.2.3.5\",\"value\":{\"UTF8String\":\"{serial}\"}}}]},"
    "{\"type\":\"certificatePolicies\",\"policies\":[\"1.2.3.6\",{\"oid\":\"1.2.3.7\",\"cps\":\"https://"
    "cps.example/\"}]},"
    "{\"type\":\"crlDistributionPoints\",\"uris\":[\"{public_url}/crl/{ca}/{shard}.crl\"]},"
    "{\"type\":\"authorityInfoAccess\",\"ocsp\":[\"{public_url}/ocsp\"],\"ca_issuers\":[\"{public_url}/ca/"
    "{ca}.cer\"]},"
    "{\"type\":\"other\",\"oid\":\"1.2.3.8\",\"optional\":true,\"value\":{\"SEQUENCE\":[{\"INTEGER\":\"{"
    "serial}\"},"
    "{\"IMPLICIT\":{\"tag\":3,\"of\":{\"UTF8String\":\"{unit}\"}}},{\"OCTET STRING\":{\"der\":{\"OCTET "
    "STRING\":"
    "{\"octets\":\"{mac_address}\"}}}}]}},"
    "{\"type\":\"authorityKeyIdentifier\"},{\"type\":\"subjectKeyIdentifier\",\"method\":\"sha256-160\"}],"
    "\"inputs\":[{\"name\":\"mac_address\",\"title\":\"MAC\",\"type\":\"mac_address\"},"
    "{\"name\":\"unit\",\"title\":\"Unit\",\"type\":\"text\",\"required\":false,\"pattern\":\"[A-Za-z ]+\"},"
    "{\"name\":\"model\",\"title\":\"Model\",\"type\":\"choice\",\"choices\":[\"M-1\",\"M-22\"]},"
    "{\"name\":\"serial\",\"title\":\"Serial\",\"type\":\"decimal\",\"max_length\":10},"
    "{\"name\":\"hosts\",\"title\":\"Hosts\",\"type\":\"dns_name\",\"required\":false,\"multiple\":true},"
    "{\"name\":\"addresses\",\"title\":\"Addresses\",\"type\":\"ip_address\",\"required\":false,\"multiple\":"
    "true}]}";

enum { MAC, UNIT, MODEL, SERIAL, HOSTS, ADDRESSES };

static const char ca_json[] = "{\"ecosystem\":\"t\",\"name\":\"T\",\"title\":\"T\",\"position\":1,\"cas\":[{"
			      "\"id\":\"c\",\"label\":\"C\","
			      "\"purpose\":\"issuing\",\"key\":{\"algorithm\":\"EC\",\"curve\":\"P-256\"},"
			      "\"signature\":\"ecdsa-with-SHA256\","
			      "\"years\":10,\"path_len\":0,\"subject\":[{\"type\":\"C\",\"value\":\"US\"},{"
			      "\"type\":\"CN\",\"value\":\"Test CA\"}]}]}";

static struct profile *profile;
static struct made_ca ca;
static struct tbs_template *template;
static struct made_key key;
static const char *parameters[] = { "US", "Site 1" };

static struct tbs_in
sample(void)
{
	struct tbs_in in = { .spki = made_spki(&key) };
	struct err e = { 0 };

	in.inputs[MAC] = "00:1A:2B:3C:4D:5E";
	in.inputs[UNIT] = "Line B";
	in.inputs[MODEL] = "M-22";
	in.inputs[SERIAL] = "1234567";
	in.inputs[HOSTS] = "a.example,b.example";
	in.inputs[ADDRESSES] = "192.0.2.7,2001:db8::7";
	in.organization[0] = parameters[0];
	in.organization[1] = parameters[1];
	cert_serial_make(in.serial);
	CHECK(profile_dates(profile, NOW, ca.issuer.not_before_s, ca.issuer.not_after_s, &in.not_before_s,
	    &in.not_after_s, &e), "%s", e.msg);
	return in;
}

static bool
checked(struct der tbs, const char *const *organization, struct tbs_found *found, struct err *e)
{
	struct tbs_expect want = { organization, NOW, 10 };

	return tbs_check(template, &want, tbs, found, e);
}

/* Builds, checks, and finds the same inputs again. */
static void
round_trip(const char *what, const struct tbs_in *in)
{
	uint8_t buf[TBS_MAX], again[TBS_MAX];
	struct tbs_found found;
	struct err e = { 0 };
	struct der tbs, second;
	struct tbs_in back = *in;

	if (!CHECK(
		tbs_build(template, in, buf, sizeof(buf), &tbs, &e), "%s: %s (%s)", what, e.msg, e.trail) ||
	    !CHECK(checked(tbs, in->organization, &found, &e), "%s: %s", what, e.msg))
		return;
	CHECK(memcmp(found.serial, in->serial, 16) == 0 && found.not_after_s == in->not_after_s,
	    "%s: what was found", what);
	for (size_t i = 0; i < PROFILE_INPUTS_MAX; i++) {
		const char *a = in->inputs[i] == NULL ? "" : in->inputs[i],
			   *b = found.inputs[i] == NULL ? "" : found.inputs[i];

		CHECK(strcmp(a, b) == 0, "%s: input %zu was %s, found %s", what, i, a, b);
		back.inputs[i] = found.inputs[i];
	}
	CHECK(tbs_build(template, &back, again, sizeof(again), &second, &e) &&
		  der_equal(tbs, second.p, second.len),
	    "%s: built again it differs", what);
}

static void
round_trips(void)
{
	struct tbs_in in = sample();

	round_trip("everything", &in);
	in.inputs[UNIT] = NULL;
	round_trip("without the unit", &in);
	in.inputs[HOSTS] = "";
	round_trip("without hosts", &in);
	in.inputs[ADDRESSES] = NULL;
	round_trip("without addresses", &in);
	in.organization[1] = NULL;
	round_trip("without the site", &in);
	in.inputs[UNIT] = "Only unit";
	round_trip("the unit without the site", &in);
	in.inputs[SERIAL] = "0";
	round_trip("serial 0", &in);
}

/* Random inputs, every time other ones. */
static void
random_round_trips(void)
{
	for (unsigned n = 0; n < 300; n++) {
		struct tbs_in in = sample();
		uint8_t r[16];
		char mac[24], unit[16], serial[16];

		rand_octets(r, sizeof(r));
		r[0] &= 0xfe;
		mac_text(r, 6, mac);
		for (size_t i = 0; i < (size_t)(r[6] % 12) + 1; i++) {
			unit[i] = (char)('a' + r[i] % 26);
			unit[i + 1] = '\0';
		}
		(void)snprintf(serial, sizeof(serial), "%u",
		    (unsigned)r[8] << 16 | (unsigned)r[9] << 8 | r[10]);
		in.inputs[MAC] = mac;
		in.inputs[UNIT] = r[7] & 1 ? unit : NULL;
		in.inputs[MODEL] = r[7] & 2 ? "M-1" : "M-22";
		in.inputs[SERIAL] = serial;
		in.inputs[HOSTS] = r[7] & 4 ? "x.example" : NULL;
		in.organization[1] = r[7] & 8 ? "Site 9" : NULL;
		round_trip("random", &in);
	}
}

/*
 * Every octet changed in every way that flips one bit: either refused, or it is in what the certificate's
 * own fields may hold (serial, key, inputs), and then building from what was found gives the same octets.
 */
static void
mutations(void)
{
	struct tbs_in in = sample();
	uint8_t buf[TBS_MAX], again[TBS_MAX];
	struct tbs_found found;
	struct err e = { 0 };
	struct der tbs, second;
	size_t refused = 0, taken = 0;

	if (!CHECK(tbs_build(template, &in, buf, sizeof(buf), &tbs, &e), "%s", e.msg))
		return;
	for (size_t i = 0; i < tbs.len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			struct tbs_in back = in;
			uint8_t *at = (uint8_t *)tbs.p + i;

			*at ^= (uint8_t)(1u << bit);
			e = (struct err){ 0 };
			if (!checked(tbs, in.organization, &found, &e)) {
				refused++;
				if ((e.kind != ERR_FORBIDDEN && strcmp(e.code, "clock") != 0) || e.msg[0] == '\0')
					CHECK(false, "octet %zu bit %u: refused without a reason", i, bit);
			} else {
				taken++;
				memcpy(back.inputs, found.inputs, sizeof(back.inputs));
				memcpy(back.serial, found.serial, 16);
				back.spki = found.spki;
				back.not_before_s = found.not_before_s;
				back.not_after_s = found.not_after_s;
				if (!tbs_build(template, &back, again, sizeof(again), &second, &e) ||
				    !der_equal(tbs, second.p, second.len))
					CHECK(false,
					    "octet %zu bit %u: taken, but not what the profile makes", i,
					    bit);
			}
			*at ^= (uint8_t)(1u << bit);
		}
	/* The serial may differ, and the unit's letters; the key's bits move its identifier. */
	CHECK(refused > taken * 20, "%zu refused, %zu taken", refused, taken);
	for (size_t cut = 0; cut < tbs.len; cut++)
		if (checked((struct der){ tbs.p, cut }, in.organization, &found, &e))
			CHECK(false, "cut at %zu it is taken", cut);
}

static void
refused(const char *because, const struct tbs_in *in, const char *const *organization)
{
	uint8_t buf[TBS_MAX];
	struct tbs_found found;
	struct err e = { 0 };
	struct der tbs;

	if (!CHECK(tbs_build(template, in, buf, sizeof(buf), &tbs, &e), "%s: %s", because, e.msg))
		return;
	CHECK(!checked(tbs, organization, &found, &e) && strstr(e.msg, because) != NULL,
	    "'%s' instead of '%s'", e.msg, because);
}

static void
reasons(void)
{
	static const char *const elsewhere[] = { "DE", "Site 1" }, *const nowhere[] = { "US", NULL };
	struct tbs_in in = sample();
	struct made_key rsa = { 0 };

	refused("subject C: US is not DE", &in, elsewhere);
	refused("subject OU: Site 1 does not have the form", &in, nowhere);
	in.not_before_s += 3600;
	in.not_after_s += 3600;
	refused("is not now", &in, in.organization);
	in = sample();
	in.not_after_s += 1;
	refused("notAfter", &in, in.organization);
	in = sample();
	in.inputs[MAC] = "01:1A:2B:3C:4D:5E";
	refused("multicast", &in, in.organization);
	in.inputs[MAC] = "00-1A-2B-3C-4D-5E";
	refused("not in normal form", &in, in.organization);
	in = sample();
	in.inputs[UNIT] = "Line 7";
	refused("does not have the form", &in, in.organization);
	in.inputs[UNIT] = " Line";
	refused("subject", &in, in.organization);
	in = sample();
	in.inputs[HOSTS] = "A.example";
	refused("extension subjectAltName", &in, in.organization);
	if (!CHECK(make_key((struct key_type){ KEY_RSA, 2048 }, &rsa), "no key"))
		return;
	in = sample();
	in.spki = made_spki(&rsa);
	refused("RSA 2048, which the profile does not allow", &in, in.organization);
	EVP_PKEY_free(rsa.pkey);
}

static void
build_refuses(void)
{
	uint8_t buf[TBS_MAX];
	struct err e = { 0 };
	struct tbs_in in = sample();
	struct der tbs;

	in.inputs[MAC] = NULL;
	CHECK(!tbs_build(template, &in, buf, sizeof(buf), &tbs, &e) && strcmp(e.code, "input_missing") == 0,
	    "no address");
	in = sample();
	in.organization[0] = NULL;
	CHECK(!tbs_build(template, &in, buf, sizeof(buf), &tbs, &e) && strcmp(e.code,
	    "parameter_missing") == 0,
	    "no country");
	in = sample();
	in.serial[0] = 0x80;
	CHECK(!tbs_build(template, &in, buf, sizeof(buf), &tbs, &e) && strcmp(e.code, "serial") == 0,
	    "a negative serial");
	in = sample();
	in.spki.len -= 1;
	CHECK(!tbs_build(template, &in, buf, sizeof(buf), &tbs, &e) && strcmp(e.code, "key_form") == 0,
	    "a cut key");
	in = sample();
	CHECK(!tbs_build(template, &in, buf, 300, &tbs, &e) && strcmp(e.code, "tbs_size") == 0, "no room");
}

static void
templates(void)
{
	struct tbs_template *t = NULL;
	struct tbs_site nowhere = { NULL, 0 };
	struct issuer other = ca.issuer;
	struct err e = { 0 };

	CHECK(!tbs_template_new(profile, &ca.issuer, &nowhere, &t, &e) && strcmp(e.code, "profile_site") == 0,
	    "addresses need a public URL: %s", e.msg);
	other.key.algorithm = KEY_RSA;
	CHECK(!tbs_template_new(profile, &other, NULL, &t, &e) && strcmp(e.code, "issuer_algorithm") == 0,
	    "an RSA CA makes no ECDSA signature: %s", e.msg);
}

int
main(void)
{
	OWN(arena_free) struct arena *a = arena_new(1 << 16);
	struct faults f = { .arena = a };
	struct hierarchy *h = NULL;
	struct tbs_site site = { "http://pki.example:8080", 16 };
	struct err e = { 0 };
	size_t n;

	if (!profile_parse(rich, strlen(rich), &profile, &f, &e)) {
		CHECK(false, "%s: %s", f.n > 0 ? f.list[0].field : "", f.n > 0 ? f.list[0].message : e.msg);
		return check_done();
	}
	if (!CHECK(hierarchy_parse(ca_json, strlen(ca_json), &h, &f, &e), "%s", e.msg) ||
	    !CHECK(make_ca(hierarchy_cas(h, &n), NULL, NOW, &ca, &e), "%s", e.msg) ||
	    !CHECK(tbs_template_new(profile, &ca.issuer, &site, &template, &e), "%s %s", e.msg, e.trail) ||
	    !CHECK(make_key((struct key_type){ KEY_EC, 256 }, &key), "no key"))
		return check_done();
	round_trips();
	random_round_trips();
	mutations();
	reasons();
	build_refuses();
	templates();
	tbs_template_free(template);
	profile_free(profile);
	hierarchy_free(h);
	unmake_ca(&ca);
	EVP_PKEY_free(key.pkey);
	return check_done();
}
