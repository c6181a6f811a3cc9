import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.*;
import java.util.*;

/**
 * Validates a chain as Java programs do, with PKIXRevocationChecker.
 *
 *     java CheckRevocation.java ocsp|crl URL|FILE... CHAIN.pem
 *
 * CHAIN.pem: device, issuing CA and so on, root last.  Prints "valid", or why not.  In the way "crl" each
 * argument between is a list, DER.
 */
public final class CheckRevocation {
	public static void main(String[] args) throws Exception {
		CertificateFactory factory = CertificateFactory.getInstance("X.509");
		List<X509Certificate> all = new ArrayList<>();

		try (InputStream in = Files.newInputStream(Path.of(args[args.length - 1]))) {
			for (Certificate c : factory.generateCertificates(in))
				all.add((X509Certificate)c);
		}
		X509Certificate root = all.remove(all.size() - 1);
		CertPathValidator validator = CertPathValidator.getInstance("PKIX");
		PKIXRevocationChecker checker = (PKIXRevocationChecker)validator.getRevocationChecker();
		PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
		Set<PKIXRevocationChecker.Option> options = EnumSet.of(PKIXRevocationChecker.Option.NO_FALLBACK);

		if (args[0].equals("ocsp")) {
			checker.setOcspResponder(URI.create(args[1]));
		} else {
			List<CRL> lists = new ArrayList<>();

			options.add(PKIXRevocationChecker.Option.PREFER_CRLS);
			for (int i = 1; i < args.length - 1; i++)
				lists.add(factory.generateCRL(new ByteArrayInputStream(Files.readAllBytes(Path.of(args[i])))));
			parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(lists)));
		}
		checker.setOptions(options);
		parameters.addCertPathChecker(checker);
		try {
			validator.validate(factory.generateCertPath(all), parameters);
			System.out.println("valid");
		} catch (CertPathValidatorException e) {
			System.out.println(e.getReason() + " " + e.getMessage());
		}
	}
}
