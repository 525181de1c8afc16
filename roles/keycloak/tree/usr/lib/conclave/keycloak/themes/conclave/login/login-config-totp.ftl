<#-- Keycloak's page, with labels that belong to their fields and a picture that says what it is. -->
<#import "template.ftl" as layout>
<#import "field.ftl" as field>
<#import "buttons.ftl" as buttons>
<#import "password-commons.ftl" as passwordCommons>
<@layout.registrationLayout displayMessage=!messagesPerField.existsError('totp','userLabel'); section>
  <#if section = "header">
    ${msg("loginTotpTitle")}
  <#elseif section = "form">
    <ol id="kc-totp-settings" class="pf-v5-c-list pf-v5-u-mb-md">
      <li>
        <p>${msg("loginTotpStep1")}</p>
        <ul id="kc-totp-supported-apps">
          <#list totp.supportedApplications as app>
            <li>${msg(app)}</li>
          </#list>
        </ul>
      </li>
      <#if mode?? && mode = "manual">
        <li>
          <p>${msg("loginTotpManualStep2")}</p>
          <p><strong id="kc-totp-secret-key">${totp.totpSecretEncoded}</strong></p>
          <p>${msg("loginTotpManualStep3", msg("loginTotp." + totp.policy.type), totp.policy.getAlgorithmKey(), totp.policy.digits, totp.policy.period)}</p>
          <p><a href="${totp.qrUrl}" id="mode-barcode">${msg("loginTotpScanBarcode")}</a></p>
        </li>
      <#else>
        <li>
          <p>${msg("loginTotpStep2")}</p>
          <img id="kc-totp-secret-qr-code" src="data:image/png;base64, ${totp.totpSecretQrCode}" alt="${msg("qrCode")}">
          <p><a href="${totp.manualUrl}" id="mode-manual">${msg("loginTotpUnableToScan")}</a></p>
        </li>
      </#if>
      <li><p>${msg("loginTotpStep3")}</p></li>
    </ol>
    <form action="${url.loginAction}" class="${properties.kcFormClass!}" id="kc-totp-settings-form" method="post" novalidate="novalidate">
      <@field.input name="totp" label=msg("authenticatorCode") autocomplete="one-time-code" required=true />
      <@field.input name="userLabel" label=msg("loginTotpDeviceName") required=(totp.otpCredentials?size gte 1) />
      <input type="hidden" id="totpSecret" name="totpSecret" value="${totp.totpSecret}">
      <#if mode??><input type="hidden" id="mode" name="mode" value="${mode}"></#if>
      <@passwordCommons.logoutOtherSessions/>
      <@buttons.actionGroup horizontal=true>
        <@buttons.button id="saveTOTPBtn" label="doSubmit"/>
        <#if isAppInitiatedAction??>
          <@buttons.button id="cancelTOTPBtn" label="doCancel" name="cancel-aia" value="true" type="secondary"/>
        </#if>
      </@buttons.actionGroup>
    </form>
  </#if>
</@layout.registrationLayout>
