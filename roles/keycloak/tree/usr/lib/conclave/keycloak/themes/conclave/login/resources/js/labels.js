// The field with the name that was signed in with has another id than Keycloak's label for it says.
document.addEventListener("DOMContentLoaded", () => {
  const field = document.getElementById("kc-attempted-username");
  const label = document.querySelector('label[for="username"]');
  if (field && label && !document.getElementById("username")) label.htmlFor = field.id;
});
