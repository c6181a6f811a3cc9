/** Extensions by the names that standards give them, in words. */
export const extensionNames: Record<string, string> = {
	keyUsage: 'What the key may be used for',
	extKeyUsage: 'What the certificate is for',
	basicConstraints: 'Whether it is a CA',
	subjectKeyIdentifier: 'Identifier of its key',
	authorityKeyIdentifier: 'Identifier of the CA’s key',
	subjectAltName: 'Further names',
	issuerAltName: 'Further names of the CA',
	certificatePolicies: 'Policies that it follows',
	crlDistributionPoints: 'Where its revocation list is',
	authorityInfoAccess: 'Where the CA answers about it',
	freshestCRL: 'Where the latest changes of the list are',
	nameConstraints: 'Names that it may certify',
	tlsfeature: 'What TLS must offer with it',
};

/** Their values, likewise; what is not here is shown as it is. */
export const extensionValues: Record<string, string> = {
	digitalSignature: 'digital signatures',
	nonRepudiation: 'lasting signatures',
	keyEncipherment: 'encrypting keys',
	dataEncipherment: 'encrypting data',
	keyAgreement: 'agreeing on keys',
	keyCertSign: 'signing certificates',
	cRLSign: 'signing revocation lists',
	encipherOnly: 'only encrypting',
	decipherOnly: 'only decrypting',
	serverAuth: 'TLS servers',
	clientAuth: 'TLS clients',
	codeSigning: 'signing programs',
	emailProtection: 'e-mail',
	timeStamping: 'time stamps',
	OCSPSigning: 'answering about revocations',
};
