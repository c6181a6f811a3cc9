export function CertificatesPage() {
	return <h1>CertificatesPage</h1>;
}
