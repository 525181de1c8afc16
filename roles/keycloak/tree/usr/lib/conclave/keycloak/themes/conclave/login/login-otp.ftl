<#-- Keycloak's page, with a choice of authenticators that keyboards reach and screen readers name. -->
<#import "template.ftl" as layout>
<#import "field.ftl" as field>
<#import "buttons.ftl" as buttons>
<@layout.registrationLayout displayMessage=!messagesPerField.existsError('totp'); section>
  <#if section = "header">
    ${msg("otpTitle")}
  <#elseif section = "form">
    <form id="kc-otp-login-form" class="${properties.kcFormClass!}" onsubmit="login.disabled = true; return true;" action="${url.loginAction}" method="post">
      <#if otpLogin.userOtpCredentials?size gt 1>
        <fieldset class="conclave-choice">
          <legend class="${properties.kcFormLabelTextClass}">${msg("otpChoose")}</legend>
          <#list otpLogin.userOtpCredentials as credential>
            <label class="${properties.kcCheckboxClass}">
              <input class="${properties.kcCheckboxInputClass}" type="radio" name="selectedCredentialId" value="${credential.id}"
                     <#if credential.id == otpLogin.selectedCredentialId!''>checked</#if>>
              <span class="${properties.kcCheckboxLabelClass}">${(credential.userLabel!"")?has_content?then(credential.userLabel!"", msg("otp-display-name"))}</span>
            </label>
          </#list>
        </fieldset>
      <#else>
        <input type="hidden" name="selectedCredentialId" value="${otpLogin.selectedCredentialId!''}">
      </#if>
      <@field.input name="otp" label=msg("loginOtpOneTime") autocomplete="one-time-code" fieldName="totp" autofocus=true />
      <@buttons.loginButton />
    </form>
  </#if>
</@layout.registrationLayout>
